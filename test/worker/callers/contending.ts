/** A Durable Object that contends, as a user would write it, with a log of its callbacks in its own storage. */

import { DurableObject } from "cloudflare:workers";
import {
  DurableContender,
  type DurableContenderOptions,
  type ElectionEnv,
  electionsOf,
  type Leadership,
} from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";

export interface Told {
  readonly is: "grant" | "revoke";
  readonly component: string;
  readonly epoch: number;
  readonly reason: string;
}

/** What a test may change, by the object's name: the group is the name up to the first `#`. */
type Adjust = (options: DurableContenderOptions, object: Contending) => DurableContenderOptions;
export const adjusted = new Map<string, Adjust>();

export class Contending extends DurableObject<ElectionEnv> {
  readonly contender: DurableContender;
  /** Signals of the terms that this incarnation was granted. */
  readonly signals: AbortSignal[] = [];
  readonly errors: unknown[] = [];
  readonly leaderships: Leadership[] = [];
  alarms = 0;

  constructor(ctx: DurableObjectState, env: ElectionEnv) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS told (what TEXT NOT NULL)");
    const name = ctx.id.name ?? "";
    const options: DurableContenderOptions = {
      elections: electionsOf(env.ELECTIONS, { policy: () => ({ leaseMs: Number(env.LEASE_MS) }) }),
      group: name.split("#")[0] ?? "",
      components: ["dispatcher"],
      process: { name, address: `object:${name}` },
      onGrant: (leadership) => {
        this.leaderships.push(leadership);
        this.signals.push(leadership.signal);
        this.#note({ is: "grant", component: leadership.component, epoch: leadership.epoch, reason: "" });
      },
      onRevoke: ({ component, epoch }, reason) => this.#note({ is: "revoke", component, epoch, reason }),
      onError: (error) => this.errors.push(error),
    };
    this.contender = new DurableContender(ctx, adjusted.get(name)?.(options, this) ?? options);
  }

  override async alarm(): Promise<void> {
    this.alarms += 1;
    await this.contender.alarm();
  }

  /** The constructor's error for these options, empty where there is none. */
  refusal(ctx: DurableObjectState, options: object | null): string {
    const { ELECTIONS } = this.env;
    const whole = options && { elections: electionsOf(ELECTIONS), group: "g", components: ["a"], ...options };
    try {
      new DurableContender(ctx, wrong(whole));
      return "";
    } catch (error) {
      return String(error);
    }
  }

  #note(told: Told): void {
    this.ctx.storage.sql.exec("INSERT INTO told VALUES (?)", JSON.stringify(told));
  }

  told(): Told[] {
    const rows = this.ctx.storage.sql.exec<{ what: string }>("SELECT what FROM told ORDER BY rowid").toArray();
    return rows.map(({ what }) => JSON.parse(what));
  }
}
