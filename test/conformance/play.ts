/** What the behaviours are written with: parts that record their callbacks, and waits for something that happens. */
import type { Contender, ContendOptions } from "../../client/contend.ts";
import type { LossReason } from "../../shared/errors.ts";
import type { Leadership } from "../../shared/leadership/leadership.ts";
import type { LeaderInformation } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { ElectionStatus } from "../../shared/protocol/status.ts";
import { PATIENCE_MS } from "../../tools/harness/patience.ts";
import type { Driver, Member, MemberOptions, Stage } from "./driver.ts";

/** Turns of the stage: far more than anything takes. */
const PATIENCE = 20_000;

/** What one contender does in its callbacks. */
export interface Script extends ContendOptions {
  onGrant?(leadership: Leadership, part: Part): unknown;
  onRevoke?(leadership: Leadership, part: Part): unknown;
}

export interface Told {
  readonly what: "grant" | LossReason;
  readonly leadership: Leadership;
}

export class Part {
  readonly member: Member;
  readonly component: string;
  readonly told: Told[] = [];
  readonly errors: unknown[] = [];
  readonly contender: Contender;
  constructor(member: Member, component: string, { onGrant, onRevoke, ...options }: Script) {
    this.member = member;
    this.component = component;
    const callbacks = {
      onGrant: (leadership: Leadership) => {
        this.told.push({ what: "grant", leadership });
        return onGrant?.(leadership, this);
      },
      onRevoke: (leadership: Leadership, reason: LossReason) => {
        this.told.push({ what: reason, leadership });
        return onRevoke?.(leadership, this);
      },
      onError: (error: unknown) => void this.errors.push(error),
    };
    this.contender = member.contend(component, callbacks, options);
  }

  /** `grant`, or why a term was lost, in order. */
  get heard(): string[] {
    return this.told.map(({ what }) => what);
  }

  get leads(): boolean {
    return this.contender.hasLeadership();
  }

  get grants(): Leadership[] {
    return this.told.flatMap(({ what, leadership }) => (what === "grant" ? [leadership] : []));
  }

  /** The leadership of the last grant. */
  get term(): Leadership {
    const leadership = this.grants.at(-1);
    if (leadership === undefined) throw new Error(`${this.member.name} was never granted ${this.component}`);
    return leadership;
  }
}

/** Everything that an observer has seen. */
export interface Watch {
  readonly seen: (LeaderInformation | null)[];
  /** What it has rejected with. */
  readonly error?: unknown;
  readonly stop: () => void;
}

type MakePart = () => Part;

export class Play {
  readonly stage: Stage;
  readonly #members: Member[] = [];

  private constructor(stage: Stage) {
    this.stage = stage;
  }

  static async run(
    driver: Driver,
    body: (play: Play) => Promise<void>,
    ...settings: Parameters<Driver["open"]>
  ): Promise<void> {
    await using stage = await driver.open(...settings);
    await body(new Play(stage));
  }

  member(name: string, options?: MemberOptions): Member {
    const member = this.stage.member(name, options);
    this.#members.push(member);
    return member;
  }

  contend(member: Member, component = "x", script: Script = {}): Part {
    return new Part(member, component, script);
  }

  /** A new process with one contender. */
  join(name: string, component = "x", script: Script = {}, options: MemberOptions = {}): Part {
    return this.contend(this.member(name, options), component, script);
  }

  /** Looks again and again, as time goes on, until there is something. */
  async until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let turn = 0; turn < PATIENCE && performance.now() < deadline; turn++) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      await this.stage.turn();
    }
    throw new Error(`waited in vain for ${what}; the group: ${JSON.stringify(await this.stage.status())}`);
  }

  /** Lets time pass until the promise has settled; then the same as the promise. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    await this.until("a promise", () => isOver);
    return promise;
  }

  /** Resolves with the first term of this part that is led and newer than `after`. */
  async leads(part: Part, after = 0): Promise<Leadership> {
    await this.until(`${part.member.name} to lead ${part.component}`, () => part.leads && part.term.epoch > after);
    return part.term;
  }

  /** Resolves when the first of them leads, with all of them waiting in the order that is given. */
  async line(first: MakePart, second: MakePart): Promise<[Part, Part]>;
  async line(first: MakePart, second: MakePart, third: MakePart): Promise<[Part, Part, Part]>;
  async line(...makers: readonly MakePart[]): Promise<Part[]>;
  async line(...makers: readonly MakePart[]): Promise<Part[]> {
    const made: Part[] = [];
    for (const make of makers) {
      const part = make();
      made.push(part);
      if (made.length === 1) await this.leads(part);
      else await this.waits(part.member);
    }
    return made;
  }

  async election(name: ElectionName = "process"): Promise<ElectionStatus | undefined> {
    return (await this.stage.status()).elections.find(({ election }) => election === name);
  }

  /** Resolves when the group would ask this process, and the process knows of its session. */
  async waits(member: Member, election: ElectionName = "process"): Promise<void> {
    await this.until(
      `${member.name} to be a candidate`,
      async () =>
        member.sessionId !== undefined &&
        (await this.election(election))?.candidates.some(({ process, ready }) => process === member.name && ready),
    );
  }

  /** Resolves when the group has processed everything that was sent before: three renewals later. */
  async renewed(leadership: Leadership, times = 3): Promise<void> {
    let last = leadership.remainingMs();
    let count = 0;
    await this.until("renewals", () => {
      const now = leadership.remainingMs();
      if (now > last) count += 1;
      last = now;
      return count >= times;
    });
  }

  watch(member: Member, component = "x"): Watch {
    const controller = new AbortController();
    const { signal } = controller;
    const seen: (LeaderInformation | null)[] = [];
    const watching = async (): Promise<void> => {
      for await (const leader of member.observe(component, { signal })) seen.push(leader);
    };
    const watch: { error?: unknown } & Watch = { seen, stop: () => controller.abort() };
    watching().catch((error: unknown) => {
      watch.error = error;
    });
    return watch;
  }

  /** The leader of a component as another process looks it up. */
  async lookUp(member: Member, component = "x"): Promise<LeaderInformation | null> {
    return this.settled(member.lookUp(component));
  }
}
