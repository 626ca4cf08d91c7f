/** One run with its lease: it renews until the end is recorded, and its leadership ends in time by the process's own clock. */
import { LeadershipLostError, type LossReason } from "../errors.ts";
import { createPlainLeadership, type Handle, type PlainLeadership } from "../leadership/leadership.ts";
import { answerTimeoutFor } from "../lease.ts";
import type { EndedRun, EndRun, RunAnswer } from "../protocol/runs.ts";
import { Calls, type OncePorts } from "./calls.ts";

interface Subject {
  readonly group: string;
  readonly job: string;
  readonly run: string;
  readonly signal: AbortSignal | undefined;
}

type Yours = Extract<RunAnswer, { readonly type: "yours" }>;

/** A lost renewal is repeated this often in what is left of the lease. */
const TRIES = 8;

export class LeasedRun {
  readonly #ports: OncePorts;
  readonly #subject: Subject;
  /** Without the signal of the caller: a run that was told to stop still keeps its lease until it has stopped. */
  readonly #calls: Calls;
  readonly #handle: Handle<PlainLeadership>;
  readonly #abort = (): void => void this.#lose("closed");
  /** Until then nobody else begins. */
  #until: number;
  #renewEveryMs: number;
  readonly #answerTimeoutMs: number;
  #leaseMs: number;
  #loss: LeadershipLostError | null = null;
  #isStopped = false;
  #renewal: unknown;
  #expiry: unknown;

  constructor(ports: OncePorts, subject: Subject, { leaderSessionId, epoch, lease }: Yours, sentAt: number) {
    this.#ports = ports;
    this.#subject = subject;
    this.#calls = new Calls(ports);
    this.#until = sentAt + lease.renewDeadlineMs;
    this.#leaseMs = lease.renewDeadlineMs;
    this.#renewEveryMs = lease.renewEveryMs;
    this.#answerTimeoutMs = answerTimeoutFor(lease);
    const { group, job } = subject;
    this.#handle = createPlainLeadership(
      { group, component: job, election: `component:${job}`, leaderSessionId, epoch },
      { remainingMs: () => this.#remainingMs(), drainMs: () => this.#leaseLeftMs(), inquire: () => this.#inquire() },
    );
    subject.signal?.addEventListener("abort", this.#abort);
    this.#keep(sentAt);
    if (subject.signal?.aborted) this.#abort();
  }

  get leadership(): PlainLeadership {
    return this.#handle.leadership;
  }

  #leaseLeftMs(): number {
    return Math.max(0, this.#until - this.#ports.now());
  }

  #remainingMs(): number {
    return this.#loss === null ? this.#leaseLeftMs() : 0;
  }

  /** Both timers follow what was last answered. */
  #keep(sentAt: number): void {
    const { now, setTimeout } = this.#ports;
    this.#clear();
    if (this.#isStopped) return;
    const in_ = (at: number): number => Math.max(1, Math.ceil(at - now()));
    this.#expiry = setTimeout(() => this.#expire(), in_(this.#until));
    this.#renewal = setTimeout(() => void this.#renew(), in_(sentAt + this.#renewEveryMs));
  }

  #clear(): void {
    this.#ports.clearTimeout(this.#expiry);
    this.#ports.clearTimeout(this.#renewal);
  }

  #expire(): void {
    if (this.#leaseLeftMs() > 0) return this.#keep(this.#ports.now());
    this.#lose("expired");
    this.#clear();
  }

  /** Returns why it was lost first. */
  #lose(reason: LossReason): LeadershipLostError {
    if (this.#loss !== null) return this.#loss;
    const loss = new LeadershipLostError(reason);
    this.#loss = loss;
    this.#handle.end(() => loss);
    return loss;
  }

  /** Resolves to whether it was renewed. Never rejects. */
  async #renew(): Promise<boolean> {
    if (this.#isStopped || this.#leaseLeftMs() === 0) return false;
    const { job, run } = this.#subject;
    try {
      // One try must not take all that is left: others may get through.
      const withinMs = Math.min(this.#leaseLeftMs(), this.#answerTimeoutMs);
      const { answer, sentAt } = await this.#calls.once({ type: "renew", job, run }, withinMs);
      if (answer.type === "yours") {
        // A lease that has ended meanwhile does not begin again: the function was told.
        if (this.#leaseLeftMs() === 0) return false;
        this.#until = Math.max(this.#until, sentAt + this.#leaseMs);
        this.#keep(sentAt);
        return true;
      }
      this.#until = this.#ports.now();
      this.#lose("lost");
    } catch {
      if (!this.#isStopped) this.#repeat();
    }
    return false;
  }

  #repeat(): void {
    this.#ports.clearTimeout(this.#renewal);
    this.#renewal = this.#ports.setTimeout(() => void this.#renew(), Math.max(1, Math.ceil(this.#leaseMs / TRIES)));
  }

  async #inquire(): Promise<void> {
    if (!(await this.#renew())) throw this.#loss ?? new LeadershipLostError("lost");
  }

  /** Records the end. Rejects with the loss if the run counts no longer, and with another error if the group can't be reached. */
  async end(end: EndRun): Promise<EndedRun> {
    try {
      const { answer } = await this.#calls.ask(end);
      if (answer.type === "over" && answer.end === end.end) return answer;
      throw this.#lose("lost");
    } finally {
      this.stop();
    }
  }

  /** The function has returned, or was never called. */
  stop(): void {
    this.#isStopped = true;
    this.#clear();
    this.#subject.signal?.removeEventListener("abort", this.#abort);
    this.#lose("closed");
  }
}
