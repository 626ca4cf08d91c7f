/** A leadership that the test grants and takes back by hand: for unit tests of code that is given a `Leadership`. */
import { assertPublished, optionsBy } from "../client/checks.ts";
import { LeadershipLostError, type LossReason } from "../shared/errors.ts";
import { createLeadership, type Handle, type Leadership } from "../shared/leadership/leadership.ts";
import { name } from "../shared/protocol/codec.ts";
import { oneOf, optional } from "../shared/protocol/fields.ts";
import type { Confirm } from "../shared/protocol/messages.ts";
import { type ElectionKind, electionOf } from "../shared/protocol/names.ts";

/** The group, the component and the kind of election of the leaderships. */
export interface FakeLeadershipOptions {
  /** Default `test`. */
  readonly group?: string;
  /** Default `component`. */
  readonly component?: string;
  /** Default `process`. */
  readonly election?: ElectionKind;
}

/** One contender whose terms the test decides. */
export interface FakeLeadership {
  /** A new term, with an epoch one higher than the last. Throws while one runs. */
  grant(): Leadership;
  /** Ends the term: `signal` aborts with a `LeadershipLostError` of this reason, by default `lost`. Throws when none runs. */
  revoke(reason?: LossReason): void;
  /**
   * The lease runs out before the code is notified: `isLeader()` is false, and `signal` has not aborted. `revoke("expired")` notifies it.
   * Throws when none runs.
   */
  expire(): void;
  /** The term that runs; `null`: none. */
  readonly current: Leadership | null;
  /** What the code has published last by `confirm`, in this term; `null`: nothing. */
  readonly published: Pick<Confirm, "address" | "metadata"> | null;
}

/** What a lease that is being renewed shows. There is no clock: it does not run down. */
const LEASE_MS = 8_000;
const DRAIN_MS = 10_000;
/** Then nobody waits for the drain. */
const ENDED_ALREADY: readonly LossReason[] = ["expired", "lost"];

const assertOptions = optionsBy({
  group: optional(name),
  component: optional(name),
  election: optional(oneOf("process", "dedicated")),
});

export function createFakeLeadership(options: FakeLeadershipOptions): FakeLeadership {
  assertOptions(options);
  return new Fake(options);
}

class Fake implements FakeLeadership {
  readonly #options: FakeLeadershipOptions;
  #epoch = 0;
  #term: Handle<Leadership> | null = null;
  #isExpired = false;
  /** The term that is led, or drains. */
  #mayDrain: Handle<Leadership> | null = null;
  published: FakeLeadership["published"] = null;

  constructor(options: FakeLeadershipOptions) {
    this.#options = options;
  }

  get current(): Leadership | null {
    return this.#term?.leadership ?? null;
  }

  grant(): Leadership {
    if (this.#term !== null) throw new Error("a term runs already: revoke it first");
    const { group = "test", component = "component", election } = this.#options;
    this.#epoch += 1;
    this.#isExpired = false;
    this.published = null;
    const identity = { election: electionOf(component, election), leaderSessionId: `fake-${this.#epoch}` };
    const term: Handle<Leadership> = createLeadership(
      { group, component, epoch: this.#epoch, ...identity },
      {
        remainingMs: () => (this.#term === term && !this.#isExpired ? LEASE_MS : 0),
        drainMs: () => (this.#mayDrain === term ? DRAIN_MS : 0),
        inquire: () => Promise.resolve(),
        assertPublished,
        confirm: async (published) => {
          this.published = published;
        },
        resign: async () => {
          if (this.#term === term) this.revoke("resigned");
        },
      },
    );
    this.#term = term;
    this.#mayDrain = term;
    return term.leadership;
  }

  revoke(reason: LossReason = "lost"): void {
    const { end } = this.#running();
    const error = new LeadershipLostError(reason);
    this.#term = null;
    if (ENDED_ALREADY.includes(reason)) this.#mayDrain = null;
    end(() => error);
  }

  expire(): void {
    this.#running();
    this.#isExpired = true;
    this.#mayDrain = null;
  }

  #running(): Handle<Leadership> {
    if (this.#term === null) throw new Error("no term runs: grant() one first");
    return this.#term;
  }
}
