/**
 * The entry point `edge-election`: the client for browsers, Node, Deno, Bun and Workers. The import touches no global.
 *
 * Entry of the room `client`. Every room outside `shared/` and `worker/` may import it, and so may the pages. It
 * imports `shared/` and the session core, and never the Worker, Node or a package.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { type ClientOptions, type ElectionClient, openClient } from "./client.ts";

/** Makes a client. It connects only when it has a contender or an observer. Throws a `TypeError` for wrong settings. */
export const createElectionClient = <Component extends string = string>(
  options: ClientOptions,
): ElectionClient<Component> => openClient<Component>(options).client;

export type { Fence } from "../shared/fence.ts";
export type { Leadership, ResignOptions } from "../shared/leadership/leadership.ts";
export type { OnceOptions } from "../shared/once/options.ts";
export type { OnceResult, RunLeadership } from "../shared/once/run-once.ts";
export type { LeaderChange, LeaderInformation, Metadata, ProcessInfo } from "../shared/protocol/messages.ts";
export type { ElectionKind, ElectionName } from "../shared/protocol/names.ts";
export type { Missed } from "../shared/protocol/runs.ts";
export type { CandidateStatus, ElectionStatus, GroupStatus, LeaderStatus } from "../shared/protocol/status.ts";
export type { Deployment, Requests } from "../shared/remote/endpoint.ts";
export type { TokenSource } from "../shared/remote/token.ts";
export type { ClientOptions, ElectionClient } from "./client.ts";
export type { Clock } from "./clock.ts";
export type { CleanUpResult, CloseOptions } from "./close.ts";
export type { Contender, ContendOptions } from "./contend.ts";
export type { Acquired, ScopeOptions, TryOptions, TryResult } from "./elect.ts";
export {
  ClientClosedError,
  DuplicateContenderError,
  ElectionError,
  LeadershipLostError,
  type LossReason,
  ProtocolError,
  UnauthorizedError,
} from "./errors.ts";
export type { ClientHealth, LedComponent, RefusedComponent } from "./health.ts";
export type { ContenderCallbacks } from "./member.ts";
export type { ObserveOptions } from "./observe.ts";
export { type RunOnceOptions, runOnce } from "./once.ts";
export type { PageOptions, PageTarget, PrioritySource } from "./page.ts";
export type { ClientState } from "./session/state.ts";
export type { Fetcher, Socket, SocketClass } from "./socket.ts";
export { type TabTarget, visibleTab } from "./visible-tab.ts";
