/**
 * `edge-election run`: contends, and runs the command while it leads.
 *
 * In each term the command starts after the grant, its deadlines move with every answered renewal, and it has stopped with
 * all of its process group before the drain of the term ends; stop-plan.ts has the arithmetic. The group is told of the end
 * of a term only after that, because the drain is the promise that `onRevoke` returns.
 *
 * Entry of the room `cli/run`. The other rooms of `cli/` may import it; it imports `cli/`, `client/` and `shared/`. It
 * never lets a command outlive the lease.
 */
import { type ElectionClient, openClient } from "../../client/client.ts";
import { contend } from "../../client/contend.ts";
import { ElectionError, type Leadership, type LossReason, type ProcessInfo } from "../../client/node/index.ts";
import { openSocket } from "../../client/node/socket.ts";
import type { Participant } from "../../client/participant.ts";
import { encodeFence } from "../../shared/fence.ts";
import type { Welcome } from "../../shared/protocol/messages.ts";
import type { ElectionKind } from "../../shared/protocol/names.ts";
import type { LeaderStatus } from "../../shared/protocol/status.ts";
import { type CommandFailure, EXIT } from "../failure.ts";
import type { TokenSource } from "../options.ts";
import type { Reporter } from "./reports.ts";
import { runFailure } from "./run-failure.ts";
import { ENDING_SIGNALS, exitCodeOf, FORWARDED_SIGNALS } from "./signals.ts";
import { graceAfterLoss, leastDrainMs, planForLease, type StopPlan } from "./stop-plan.ts";
import { type CommandEnding, type Supervised, supervise } from "./supervise.ts";

const RESTART_DELAY_MS = 1_000;
/** How long a try waits for its answer. */
const TRY_WITHIN_MS = 10_000;

export interface RunSettings {
  readonly url: string;
  readonly group: string;
  readonly component: string;
  readonly election: ElectionKind;
  readonly priority: number;
  readonly process: ProcessInfo;
  readonly token?: TokenSource;
  readonly graceMs: number;
  /** Runs the command only if the election is free now, and for one term. */
  readonly tries: boolean;
  /** Runs the command again, as long as it leads. Otherwise the first run that ends by itself is the last one. */
  readonly restarts: boolean;
  /** For so long this process does not lead after each run: another one runs it meanwhile. */
  readonly stayOutMs?: number;
  readonly command: string;
  readonly parameters: readonly string[];
}

export class CommandRunner {
  readonly client: ElectionClient;
  readonly #participant: Participant;
  readonly #settings: RunSettings;
  readonly #reporter: Reporter;
  readonly #over: Promise<number>;
  #settle: (outcome: number | CommandFailure) => void = () => undefined;
  readonly #forwarded = new Set<NodeJS.Signals>();
  #isOver = false;
  #leadership: Leadership | undefined;
  #run: Supervised | undefined;
  /** The newest error: where the client was closed, it says why. */
  #last: unknown;

  constructor(settings: RunSettings, reporter: Reporter) {
    this.#settings = settings;
    this.#reporter = reporter;
    this.#over = new Promise((resolve, reject) => {
      this.#settle = (outcome) => (typeof outcome === "number" ? resolve(outcome) : reject(outcome));
    });
    const { url, group, process: info, priority, token } = settings;
    const { client, participant } = openClient(
      { url, group, process: info, priority, ...(token && { token }) },
      { openSocket },
    );
    this.client = client;
    this.#participant = participant;
  }

  /** Resolves with the exit code, when the whole process group of the command has ended and the group has been told. */
  async run(): Promise<number> {
    const { component, election, tries } = this.#settings;
    const undo = [this.#followState(), this.#followSignals()];
    this.client.onError((error) => this.#warn(error));
    contend(
      this.#participant,
      component,
      {
        onGrant: (leadership) => this.#lead(leadership),
        onExtend: (leadership) => this.#run?.plan(this.#plan(leadership)),
        onRevoke: (leadership, reason) => this.#stop(leadership, reason),
        onError: (error) => this.#judge(error),
      },
      { election },
      tries ? { onTried: (leader) => this.#leave(leader) } : {},
    );
    const impatience = tries ? setTimeout(() => this.#giveUp(), TRY_WITHIN_MS) : undefined;
    try {
      return await this.#over;
    } finally {
      clearTimeout(impatience);
      this.#isOver = true;
      await this.#run?.gone;
      for (const step of undo) step();
      await this.client.close();
    }
  }

  /** True while it neither leads nor has ended. */
  get isWaiting(): boolean {
    return this.#leadership === undefined && !this.#isOver;
  }

  /** By a signal that was forwarded: then the command takes its own time. */
  get wasToldToEnd(): boolean {
    return ENDING_SIGNALS.some((ending) => this.#forwarded.has(ending));
  }

  #end(code: number): void {
    this.#isOver = true;
    this.#settle(code);
  }

  /** Its try has come to nothing. */
  #leave(leader: LeaderStatus | null): void {
    if (this.#isOver) return;
    const by = leader === null ? null : (leader.process ?? leader.sessionId);
    this.#reporter.report({ event: "led", by, epoch: leader?.epoch ?? null });
    this.#end(EXIT.led);
  }

  #giveUp(): void {
    if (this.isWaiting) this.fail(runFailure.unanswered(this.#last));
  }

  /** The command gets SIGTERM and, after the grace, SIGKILL; then the lead is given up, and `run` rejects with this. */
  fail(failure: CommandFailure): void {
    this.#isOver = true;
    this.#settle(failure);
    this.#run?.stop(this.#settings.graceMs);
  }

  /** What the group has set, as of the last `welcome`. */
  get #session(): Welcome | null {
    return this.#participant.driver.state().session;
  }

  #checkDrainTime({ lease, drainMs }: Welcome): void {
    const leastMs = leastDrainMs(lease.renewDeadlineMs);
    if (drainMs < leastMs) this.fail(runFailure.drainTooShort(drainMs, leastMs));
  }

  #plan(leadership: Leadership): StopPlan {
    return planForLease(leadership.remainingMs(), this.#renewDeadlineMs, this.#settings.graceMs);
  }

  /** Known before the first grant. */
  get #renewDeadlineMs(): number {
    return this.#session?.lease.renewDeadlineMs ?? 0;
  }

  async #lead(leadership: Leadership): Promise<void> {
    const { epoch, leaderSessionId } = leadership;
    this.#leadership = leadership;
    this.#reporter.report({ event: "leading", epoch, leaderSessionId });
    while (leadership.isLeader() && !this.#isOver) {
      const outcome = await this.#runOnce(leadership);
      if (outcome.type === "stopped") {
        this.#reporter.report({ event: "stopped", epoch });
        break;
      }
      if (this.#isFinal(outcome)) return;
      if (this.#settings.stayOutMs !== undefined) break;
      await pause(RESTART_DELAY_MS, leadership.signal);
    }
    // It is to stay out, or was stopped because its lease was about to end: another process is to lead.
    const { stayOutMs } = this.#settings;
    if (leadership.isLeader() && !this.#isOver)
      await leadership.resign({ ...(stayOutMs !== undefined && { stayOutMs }) });
  }

  async #runOnce(leadership: Leadership): Promise<CommandEnding> {
    const { command, parameters, graceMs } = this.#settings;
    const { epoch } = leadership;
    const run = supervise(
      { command, parameters, environment: this.#environment(leadership), graceMs },
      this.#plan(leadership),
      () => {
        this.#reporter.report({ event: "started", epoch });
        leadership.confirm().catch((error) => leadership.isLeader() && this.#judge(error));
      },
    );
    this.#run = run;
    const outcome = await run.gone;
    this.#run = undefined;
    return outcome;
  }

  #environment(leadership: Leadership): Readonly<Record<string, string | undefined>> {
    return {
      ...process.env,
      EDGE_ELECTION_EPOCH: String(leadership.epoch),
      EDGE_ELECTION_SESSION: leadership.leaderSessionId,
      EDGE_ELECTION_FENCE: encodeFence(leadership),
    };
  }

  /** Whether that was the last run. */
  #isFinal(outcome: Exclude<CommandEnding, { readonly type: "stopped" }>): boolean {
    if (outcome.type === "failed") {
      this.fail(runFailure.notStarted(this.#settings.command, outcome));
      return true;
    }
    const { code, signal } = outcome;
    this.#reporter.report({ event: "ended", code, signal });
    const byForwarded = signal !== null && this.#forwarded.has(signal);
    const { restarts, stayOutMs } = this.#settings;
    if ((restarts || stayOutMs !== undefined) && !this.wasToldToEnd && !byForwarded) return false;
    this.#end(signal === null ? (code ?? EXIT.runFailed) : exitCodeOf(signal));
    return true;
  }

  /** The drain of a term: resolves when the whole process group has ended. */
  async #stop(leadership: Leadership, reason: LossReason): Promise<void> {
    this.#leadership = undefined;
    if (!this.#isOver) this.#reporter.report({ event: "lost", epoch: leadership.epoch, reason });
    this.#run?.stop(graceAfterLoss(leadership.drainMs(), this.#renewDeadlineMs, this.#settings.graceMs));
    await this.#run?.gone;
    if (this.#settings.tries && !this.#isOver) this.fail(runFailure.lost(reason));
  }

  /** Receives the errors of the contender. An error that time can't mend ends the run. */
  #judge(error: unknown): void {
    this.#last = error;
    if (this.#isOver) return;
    const failure = runFailure.of(error);
    if (failure !== undefined) this.fail(failure);
  }

  /** Receives the errors of the client. Those of the connection are reported as its state. */
  #warn(error: unknown): void {
    if (this.#isOver || error instanceof ElectionError) return;
    this.#reporter.report({ event: "warning", message: error instanceof Error ? error.message : String(error) });
  }

  #followState(): () => void {
    let isDown = false;
    return this.client.onStateChange((state) => {
      if (this.#isOver) return;
      if (state === "closed") return void setImmediate(() => this.fail(runFailure.closed(this.#last)));
      const session = this.#session;
      if (state === "connected" && session) this.#checkDrainTime(session);
      const wasDown = isDown;
      isDown = state === "suspended" || (state === "connecting" && session !== null);
      if (isDown === wasDown) return;
      this.#reporter.report({ event: "connection", state: isDown ? "lost" : "back" });
    });
  }

  #followSignals(): () => void {
    const pass = (signal: NodeJS.Signals): void => {
      this.#forwarded.add(signal);
      if (this.#run !== undefined) this.#run.signal(signal);
      else if (ENDING_SIGNALS.includes(signal) || signal === "SIGHUP") this.#end(exitCodeOf(signal));
    };
    for (const signal of FORWARDED_SIGNALS) process.on(signal, pass);
    return () => {
      for (const signal of FORWARDED_SIGNALS) process.off(signal, pass);
    };
  }
}

/** Resolves after this time, or when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
