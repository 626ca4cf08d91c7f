/** The members of one product, the counters that they work on, and what can be broken. */
import type { Listening } from "../../tools/harness/loopback.ts";
import type { FaultyProxy } from "../../tools/harness/proxy.ts";
import type { Counter } from "./counters.ts";
import type { Look } from "./work.ts";

export interface Member {
  stand(): Promise<void>;
  /** Never answers while the member is stopped. */
  look(): Promise<Look>;
  /** SIGSTOP to its process. */
  stop(): void;
  /** SIGCONT. */
  resume(): void;
  /** Its wall clock goes on from another time. A page's can't. */
  step?(ms: number): Promise<void>;
  /** The path to the server. Web Locks have none. */
  readonly path?: FaultyProxy;
}

export interface Stage {
  readonly members: readonly Member[];
  readonly counters: readonly Counter[];
  /** The clock of the members. */
  now(): number;
  /** Ends the server by SIGKILL, and starts it again on its data. */
  crash?(): Promise<void>;
}

export interface Setting {
  readonly elections: number;
  readonly leaseMs: number;
  /** What clients of ours send is judged. It takes time, which is measured then. */
  readonly isJudged: boolean;
}

/** Their names, which are those of groups as well. */
export const electionsOf = ({ elections }: Setting): string[] =>
  Array.from({ length: elections }, (_, index) => `league-${index}`);

export const storeOf = ({ url }: Listening): string => `${url}/`;
