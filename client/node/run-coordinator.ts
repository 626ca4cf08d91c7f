/**
 * Each fire of a task of node-cron is an occurrence of a job, which has the task's name.
 *
 * The run lasts from node-cron's question to its report that the task is over. Other processes that are asked
 * meanwhile wait for this report, so that one of them goes on if the runner dies.
 */
import { invalidArgument } from "../../shared/errors.ts";
import { askedOf } from "../../shared/once/options.ts";
import { oncePorts, type RunOnceOptions, runOnceBy } from "../once.ts";

/** What `setRunCoordinator` of node-cron takes. */
export interface RunCoordinator {
  /** Resolves to whether the task runs here. `key`: the task's name and the time of the fire. `ttlMs`: the task's `distributedLease`. */
  shouldRun(key: string, ttlMs: number): Promise<boolean>;
  /** Resolves once the end is recorded. Rejects with a `LeadershipLostError` if somebody else has begun this occurrence since. */
  onComplete(key: string): Promise<void>;
}

/** Options of `createRunCoordinator`: those of `runOnce`, without the ones that node-cron gives. */
export type RunCoordinatorOptions = Omit<RunOnceOptions<void>, "job" | "occurrence" | "run" | "leaseMs">;

export class JobCoordinator implements RunCoordinator {
  readonly #options: RunCoordinatorOptions;
  readonly #by: () => string;
  readonly #running = new Map<string, { readonly finish: () => void; readonly recorded: Promise<unknown> }>();

  /** Throws a `TypeError` for wrong options: node-cron only logs what `shouldRun` rejects with. */
  constructor(options: RunCoordinatorOptions, by: () => string) {
    const example = { ...options, job: "task", occurrence: 0, run: () => {} };
    askedOf(example, oncePorts(example, by));
    this.#options = options;
    this.#by = by;
  }

  async shouldRun(key: string, ttlMs: number): Promise<boolean> {
    const { job, occurrence } = fireOf(key);
    const { promise: begun, resolve: begin } = Promise.withResolvers<true>();
    const { promise: work, resolve: finish } = Promise.withResolvers<void>();
    const run = (): Promise<void> => {
      begin(true);
      return work;
    };
    const recorded = runOnceBy({ ...this.#options, job, occurrence, run, leaseMs: ttlMs }, this.#by);
    // A failure before the run begins rejects the race below; a later one rejects `onComplete`.
    recorded.catch(() => {});
    const isHere = await Promise.race([begun, recorded.then(() => false)]);
    if (isHere) this.#running.set(key, { finish, recorded });
    return isHere;
  }

  async onComplete(key: string): Promise<void> {
    const run = this.#running.get(key);
    this.#running.delete(key);
    run?.finish();
    await run?.recorded;
  }
}

function fireOf(key: string): { job: string; occurrence: string } {
  const [, job, occurrence] = /^(.+):(\d{4}-\d\d-\d\dT[\d:.]+Z)$/.exec(key) ?? [];
  if (job !== undefined && occurrence !== undefined) return { job, occurrence };
  throw invalidArgument(`key must be the name of a task and the time of its fire, as node-cron makes it: ${key}`);
}
