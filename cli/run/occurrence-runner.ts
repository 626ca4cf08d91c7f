/**
 * `edge-election run --once OCCURRENCE`: runs the command in one of all processes that name this occurrence. As in a term of
 * `command-runner.ts`, the command's process group is dead before another run of the job may begin; the end of the run is
 * recorded only after that.
 */
import { LeadershipLostError, type OnceResult, type RunLeadership, runOnce } from "../../client/node/index.ts";
import { encodeFence } from "../../shared/fence.ts";
import { npmGoneFailure } from "../npm-gone.ts";
import type { TokenSource } from "../options.ts";
import type { Reporter } from "./reports.ts";
import { runFailure } from "./run-failure.ts";
import { ENDING_SIGNALS, exitCodeOf, FORWARDED_SIGNALS } from "./signals.ts";
import { graceAfterLoss, planForLease } from "./stop-plan.ts";
import { type CommandEnding, type Supervised, supervise } from "./supervise.ts";

/** How often the deadlines of the command follow the lease. */
const LOOK_EVERY_MS = 250;

export interface OccurrenceSettings {
  readonly url: string;
  readonly group: string;
  readonly job: string;
  readonly occurrence: string;
  readonly retry: boolean;
  readonly by: string;
  readonly token?: TokenSource;
  readonly graceMs: number;
  readonly command: string;
  readonly parameters: readonly string[];
}

/** The command has ended, and not well: the occurrence is not completed. */
class CommandFailed extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`the command ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export class OccurrenceRunner {
  readonly #settings: OccurrenceSettings;
  readonly #reporter: Reporter;
  readonly #given = new AbortController();
  #run: Supervised | undefined;

  constructor(settings: OccurrenceSettings, reporter: Reporter) {
    this.#settings = settings;
    this.#reporter = reporter;
  }

  /** Resolves with the exit code: that of the command if it was run here, otherwise 0. `gone`: the parent has ended. */
  async run(gone: Promise<void>): Promise<number> {
    const undo = this.#followSignals();
    void gone.then(() => this.#given.abort(npmGoneFailure()));
    const { url, group, job, occurrence, retry, by, token } = this.#settings;
    try {
      const result = await runOnce({
        ...{ url, group, job, occurrence, retry, by, signal: this.#given.signal, ...(token && { token }) },
        run: (leadership) => this.#carryOut(leadership),
      });
      if (!result.ran) this.#reporter.report({ event: "elsewhere", ...toldOf(result) });
      return 0;
    } catch (error) {
      if (error instanceof Signalled || error instanceof CommandFailed) return error.exitCode;
      throw runFailure.ofRun(error);
    } finally {
      undo();
    }
  }

  async #carryOut(leadership: RunLeadership): Promise<null> {
    const { command, parameters, graceMs } = this.#settings;
    const { epoch, leaderSessionId, signal } = leadership;
    const wholeMs = leadership.remainingMs();
    const plan = () => planForLease(leadership.remainingMs(), wholeMs, graceMs);
    this.#reporter.report({ event: "leading", epoch, leaderSessionId });
    const line = { command, parameters, environment: environmentOf(leadership), graceMs };
    const run = supervise(line, plan(), () => this.#reporter.report({ event: "started", epoch }));
    this.#run = run;
    const following = setInterval(() => signal.aborted || run.plan(plan()), LOOK_EVERY_MS);
    const stop = (): void => run.stop(graceAfterLoss(leadership.drainMs(), wholeMs, graceMs));
    signal.addEventListener("abort", stop);
    try {
      return this.#judge(await run.gone, epoch);
    } finally {
      clearInterval(following);
      signal.removeEventListener("abort", stop);
      this.#run = undefined;
    }
  }

  /** Throws unless the command has ended well. */
  #judge(outcome: CommandEnding, epoch: number): null {
    if (outcome.type === "failed") throw runFailure.notStarted(this.#settings.command, outcome);
    if (outcome.type === "stopped") {
      this.#reporter.report({ event: "stopped", epoch });
      throw this.#given.signal.reason ?? new LeadershipLostError("expired");
    }
    const { code, signal } = outcome;
    this.#reporter.report({ event: "ended", code, signal });
    const exitCode = signal === null ? (code ?? 0) : exitCodeOf(signal);
    if (exitCode !== 0) throw new CommandFailed(exitCode);
    return null;
  }

  /** They are the command's, if it runs; otherwise they end the wait. */
  #followSignals(): () => void {
    const pass = (signal: NodeJS.Signals): void => {
      if (this.#run !== undefined) this.#run.signal(signal);
      else if (ENDING_SIGNALS.includes(signal) || signal === "SIGHUP")
        this.#given.abort(new Signalled(exitCodeOf(signal)));
    };
    for (const signal of FORWARDED_SIGNALS) process.on(signal, pass);
    return () => {
      for (const signal of FORWARDED_SIGNALS) process.off(signal, pass);
    };
  }
}

class Signalled extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super("a signal has ended the wait");
    this.exitCode = exitCode;
  }
}

function toldOf({ reason, by }: Extract<OnceResult<null>, { readonly ran: false }>) {
  return { outcome: reason, by };
}

const environmentOf = (leadership: RunLeadership): Readonly<Record<string, string | undefined>> => ({
  ...process.env,
  EDGE_ELECTION_EPOCH: String(leadership.epoch),
  EDGE_ELECTION_SESSION: leadership.leaderSessionId,
  EDGE_ELECTION_FENCE: encodeFence(leadership),
});
