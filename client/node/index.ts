/**
 * The entry point `edge-election/node`: the same client for Node processes. A token travels in a header, a dead socket
 * does not keep the process alive, and a signal ends the process only after its terms were handed over.
 *
 * Entry of the room `client/node`. `cli/`, `tools/`, `bench/` and `examples/` may import it. It imports `shared/`,
 * `client/`, Node and `ws`, and never another package.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { hostname } from "node:os";
import { invalid } from "../../shared/errors.ts";
import type { OnceResult } from "../../shared/once/run-once.ts";
import { type ClientOptions, type ElectionClient, openClient } from "../client.ts";
import { type RunOnceOptions, runOnceBy } from "../once.ts";
import { JobCoordinator, type RunCoordinator, type RunCoordinatorOptions } from "./run-coordinator.ts";
import { type Farewell, leaveOnSignals } from "./signals.ts";
import { openSocket } from "./socket.ts";

const SIGNALS = ["SIGBREAK", "SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;

/** Signals that ask a process to end. */
export type Signal = (typeof SIGNALS)[number];

/** The options of every client, and those that only Node has. */
export interface NodeClientOptions extends ClientOptions {
  /**
   * While a session is open, each of these signals closes the client and then ends the process: by the signal itself, or,
   * if the signal does not end it (PID 1 of a container), with exit code 128 plus the signal's number. A second signal
   * ends the process at once. While the client closes, scopes and observers stay pending: put what has to be done before
   * the end into the function of the scope, or into `onRevoke`. If the program has its own listener for the signal (`on`,
   * not `once`), the program has to end the process; scopes and observers then reject with `ClientClosedError` once every
   * client has left. `false`: none. Default SIGTERM and SIGINT.
   */
  readonly signals?: false | readonly Signal[];
}

/** Makes a client. It connects only when it has a contender or an observer. Throws a `TypeError` for wrong settings. */
export function createElectionClient<Component extends string = string>(
  options: NodeClientOptions,
): ElectionClient<Component> {
  const { signals = ["SIGTERM", "SIGINT"], ...given } = options ?? {};
  assertSignals(signals);
  let farewell: Farewell | undefined;
  const { client } = openClient<Component>(options && given, {
    openSocket: given.fetcher || given.WebSocket ? undefined : openSocket,
    farewell: () => farewell?.(),
    // As after any other error that nobody has caught, unless the program has decided what to end with.
    failed: () => {
      process.exitCode ??= 1;
    },
  });
  if (signals !== false) farewell = leaveOnSignals(client, signals);
  return client;
}

/**
 * Any process may call this at any time. One process at a time runs `run` for an occurrence of the job, and none does once
 * the occurrence is completed. If a run throws or dies, the next process that asks runs the occurrence again, unless
 * `retry` is false. Resolves for everybody with what has become of the occurrence, as soon as the occurrence is over. `by` is
 * by default the host's name and the process id. Rejects with the error of `run`, with a `LeadershipLostError` if the run no
 * longer counts (another process has begun the occurrence since, or an operator has given the run up), with the reason of
 * `signal`, with a `TypeError` for wrong options, and with an `ElectionError` if the group refuses, or could not be reached
 * for a minute.
 */
export const runOnce = <T>(options: RunOnceOptions<T>): Promise<OnceResult<T>> => runOnceBy(options, processName);

const processName = (): string => `${hostname().slice(0, 100)}:${process.pid}`;

/**
 * A coordinator for node-cron 4: at each fire of a task, one of the processes that have a task of this name runs it. All other
 * processes get their answer only when that run has ended: so one of them takes over if the runner dies, unless `retry` is
 * false. A task that throws counts as completed, because node-cron does not report the error. Use the coordinator only for
 * tasks that are functions. A task that is a file runs in a process of its own: if that process dies, node-cron does not
 * report it, and the job stays held until the process of the coordinator ends. Throws a `TypeError` for wrong options.
 */
export const createRunCoordinator = (options: RunCoordinatorOptions): RunCoordinator =>
  new JobCoordinator(options, processName);

function assertSignals(signals: unknown): void {
  if (signals === false) return;
  if (Array.isArray(signals) && signals.every((signal) => SIGNALS.includes(signal))) return;
  throw invalid("signals", `must be false, or a list of ${SIGNALS.join(", ")}`);
}

export type { Fence } from "../../shared/fence.ts";
export type { Leadership, ResignOptions } from "../../shared/leadership/leadership.ts";
export type { OnceOptions } from "../../shared/once/options.ts";
export type { OnceResult, RunLeadership } from "../../shared/once/run-once.ts";
export type { LeaderChange, LeaderInformation, Metadata, ProcessInfo } from "../../shared/protocol/messages.ts";
export type { ElectionKind, ElectionName } from "../../shared/protocol/names.ts";
export type { Missed } from "../../shared/protocol/runs.ts";
export type { CandidateStatus, ElectionStatus, GroupStatus, LeaderStatus } from "../../shared/protocol/status.ts";
export type { Deployment, Requests } from "../../shared/remote/endpoint.ts";
export type { TokenSource } from "../../shared/remote/token.ts";
export type { ClientOptions, ElectionClient } from "../client.ts";
export type { Clock } from "../clock.ts";
export type { CleanUpResult, CloseOptions } from "../close.ts";
export type { Contender, ContendOptions } from "../contend.ts";
export type { Acquired, ScopeOptions, TryOptions, TryResult } from "../elect.ts";
export {
  ClientClosedError,
  DuplicateContenderError,
  ElectionError,
  LeadershipLostError,
  type LossReason,
  ProtocolError,
  UnauthorizedError,
} from "../errors.ts";
export type { ClientHealth, LedComponent, RefusedComponent } from "../health.ts";
export type { ContenderCallbacks } from "../member.ts";
export type { ObserveOptions } from "../observe.ts";
export type { RunOnceOptions } from "../once.ts";
export type { PageOptions, PageTarget, PrioritySource } from "../page.ts";
export type { ClientState } from "../session/state.ts";
export type { Fetcher, Socket, SocketClass } from "../socket.ts";
export { type TabTarget, visibleTab } from "../visible-tab.ts";
export type { RunCoordinator, RunCoordinatorOptions } from "./run-coordinator.ts";
