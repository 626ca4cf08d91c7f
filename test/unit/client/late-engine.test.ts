/** Whatever is called before the engine is there ends as if it had been there from the start. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ElectionClient, ImportEngine } from "../../../client/client.ts";
import { startEngine } from "../../../client/engine.ts";
import { FakeGroup, settle } from "./fake-group.ts";

/** What a user does, and what becomes of the engine meanwhile. */
type Move =
  | {
      readonly type: "contend" | "elect" | "terms" | "acquire";
      readonly component: string;
      readonly dedicated: boolean;
    }
  | { readonly type: "observe"; readonly component: string | undefined }
  | { readonly type: "setPriority"; readonly priority: number; readonly component: string | undefined }
  /** Of the contenders, scopes and observers there are, that one, the newest being 0. */
  | { readonly type: "leave"; readonly which: number }
  | { readonly type: "resign" | "close" | "turn" | "time passes" | "engine comes" | "engine fails" };

const component = fc.constantFrom("x", "y", "z");
const anyComponent = fc.option(component, { nil: undefined });
const word = <const T extends string>(...types: T[]) => fc.record({ type: fc.constantFrom(...types) });
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constantFrom("contend", "elect", "terms", "acquire"),
      component,
      dedicated: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("observe"), component: anyComponent }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("setPriority"), priority: fc.nat(9), component: anyComponent }),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("leave"), which: fc.nat(3) }) },
  { weight: 3, arbitrary: word("resign", "turn", "time passes", "engine comes", "engine fails") },
  { weight: 1, arbitrary: word("close") },
);

/** Longer than any back-off, and than an attempt to connect. */
const LONG_MS = 11_000;

/** A user of a client whose group can't be reached until all calls are made. */
class User {
  readonly #group = new FakeGroup();
  readonly #client: ElectionClient;
  readonly #isPrompt: boolean;
  #load = Promise.withResolvers<Awaited<ReturnType<ImportEngine>>>();
  /** What became of each promise and each call, and what the callbacks and scopes were told. */
  readonly #results: string[] = [];
  readonly #told: string[] = [];
  readonly #ways: (() => void)[] = [];

  constructor(isPrompt: boolean) {
    this.#isPrompt = isPrompt;
    this.#group.reachable = false;
    this.#client = this.#group.client({}, () => {
      this.#load = Promise.withResolvers();
      if (isPrompt) this.#load.resolve({ startEngine });
      return this.#load.promise;
    });
  }

  /** Everything that can be seen of it in the end. */
  async plays(moves: readonly Move[]): Promise<object> {
    this.#does({ type: "contend", component: "first", dedicated: false });
    if (this.#isPrompt) await settle();
    for (const next of moves) {
      // Two reasons to end in one turn: either may be the one that is told.
      const isSlow = next.type === "turn" || next.type === "close";
      if (isSlow) await settle();
      this.#attempts(next);
      if (isSlow) await settle();
      if (next.type === "time passes") await this.#group.clock.advance(LONG_MS);
    }
    await settle();
    this.#group.reachable = true;
    for (let load = 0; load < 3; load++) {
      this.#load.resolve({ startEngine });
      await this.#group.clock.advance(LONG_MS);
    }
    return { results: this.#results, told: this.#told, client: this.#seen(), group: this.#heard() };
  }

  #seen(): object {
    const { state, leads, waits } = this.#client.health();
    return { state, leads: leads.map((led) => [led.component, led.election]), waits };
  }

  /** What the group was greeted with. */
  #heard(): object | undefined {
    const hello = this.#group.heard.find(({ type }) => type === "hello");
    if (hello?.type !== "hello") return undefined;
    const { contenders, priority, observe } = hello;
    return { contenders, priority, observe: Array.isArray(observe) ? observe.toSorted() : observe };
  }

  #attempts(next: Move): void {
    try {
      this.#does(next);
    } catch (error) {
      this.#results.push(`${next.type} threw ${nameOf(error)}`);
    }
  }

  #does(next: Move): void {
    switch (next.type) {
      case "contend":
        return this.#contends(next.component, next.dedicated);
      case "elect":
      case "terms":
      case "acquire":
        return this.#enters(next.type, next.component, next.dedicated);
      case "observe":
        return this.#leavesBySignal("observe", (signal) =>
          this.#client.observe(next.component as string, { signal }).next(),
        );
      case "setPriority":
        return this.#client.setPriority(next.priority, next.component);
      case "leave":
        return this.#ways.at(-1 - next.which)?.();
      case "resign":
        return this.#awaits("resign", this.#client.resign());
      case "close":
        return this.#awaits("close", this.#client.close());
      case "engine comes":
        return this.#load.resolve({ startEngine });
      case "engine fails":
        return this.#load.reject(new TypeError("offline"));
      case "turn":
      case "time passes":
        return;
    }
  }

  #contends(name: string, dedicated: boolean): void {
    const contender = this.#client.contend(
      name,
      {
        onGrant: () => void this.#told.push(`+${name}`),
        onRevoke: (_, reason) => void this.#told.push(`-${name} ${reason}`),
      },
      { election: dedicated ? "dedicated" : "process" },
    );
    this.#ways.push(() => this.#awaits(`close ${name}`, contender.close()));
  }

  #enters(scope: "elect" | "terms" | "acquire", name: string, dedicated: boolean): void {
    this.#leavesBySignal(`${scope} ${name}`, async (signal) => {
      const options = { signal, election: dedicated ? "dedicated" : "process" } as const;
      const begins = (): void => void this.#told.push(`${scope} ${name}`);
      if (scope === "elect") return this.#client.elect(name, begins, options);
      if (scope === "terms") await this.#client.terms(name, options).next();
      else await this.#client.acquire(name, options);
      begins();
    });
  }

  #leavesBySignal(what: string, act: (signal: AbortSignal) => Promise<unknown>): void {
    const outer = new AbortController();
    this.#ways.push(() => outer.abort("enough"));
    this.#awaits(what, act(outer.signal));
  }

  #awaits(what: string, promise: Promise<unknown>): void {
    const index = this.#results.push(`${what} is pending`) - 1;
    promise.then(
      () => {
        this.#results[index] = `${what} resolved`;
      },
      (error) => {
        this.#results[index] = `${what} rejected with ${nameOf(error)}`;
      },
    );
  }
}

const nameOf = (error: unknown): unknown => (error as { readonly code?: string }).code ?? error;

test("[C11] [E3] calls before the engine is there, in any mix, end as if it had been there from the start", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 25, size: "max" }), async (moves) => {
      expect(await new User(false).plays(moves)).toEqual(await new User(true).plays(moves));
    }),
    { numRuns: 300 },
  );
});
