/** What goes into the session core and what comes out of it. */
import type { HolderEffect } from "../../shared/holder/holder.ts";
import type {
  ClientMessage,
  Confirm,
  Confirmed,
  ContenderInfo,
  Leaders,
  Priority,
  Refusal,
  Resign,
  ServerMessage,
} from "../../shared/protocol/messages.ts";
import type { LeaderStatus } from "../../shared/protocol/status.ts";

/** What happens to the page, called as its events are; `visible` is `visibilitychange` to visible. */
export type PageEvent = "freeze" | "pagehide" | "resume" | "pageshow" | "visible" | "online" | "offline";

/** What the application asks for. Where the command is a message of the protocol, it is passed on as it is. */
export type Command =
  /** A new contender. The shell has made sure that any other one of the component is closing. `tries`: see `Contender`. */
  | {
      readonly type: "register";
      readonly contender: number;
      readonly info: ContenderInfo;
      readonly ready?: boolean;
      readonly tries?: boolean;
    }
  | { readonly type: "deregister"; readonly contender: number }
  /** The promises of their `onRevoke`s have settled. Those that settle together come together: they are one step. */
  | { readonly type: "settled"; readonly contenders: readonly number[] }
  /** Ignored unless the component leads by this id. */
  | Confirm
  | (Resign & { readonly stayOutMs?: number })
  | Priority
  /** Whether the component may lead at present; without one: all that stand now. */
  | { readonly type: "ready"; readonly ready: boolean; readonly component?: string }
  /** Somebody waits for the answer to a renewal that is sent after this. */
  | { readonly type: "inquire" }
  /** Somebody watches a component, or all of them; or nobody does any longer. */
  | { readonly type: "observe"; readonly component: string | true }
  | { readonly type: "unobserve"; readonly component: string | true }
  /** The client closes: every term ends and drains, then the session ends. */
  | { readonly type: "bye" };

/** What happens to the session. All but the last two belong to a connection. */
export type SessionEvent =
  | { readonly type: "opened" }
  | ServerMessage
  | { readonly type: "pong" }
  /**
   * The socket has closed, or could not be opened (1006). `reason`: what the server has sent with the code. `cause`: why it
   * could not be opened, for the user alone. `retryAfterMs`: how long the server wants to be left alone.
   */
  | {
      readonly type: "lost";
      readonly code: number;
      readonly reason?: string;
      readonly cause?: unknown;
      readonly retryAfterMs?: number;
    }
  | { readonly type: "page"; readonly event: PageEvent }
  /** The timer: a deadline has come. */
  | { readonly type: "tick" };

export type Input = Command | SessionEvent;
export type InputType = Input["type"];
export type Of<T extends InputType> = { [K in T]: Extract<Input, { readonly type: K }> }[T];

export interface Event {
  /** The pessimistic clock's later hand: deadlines are judged by it. */
  readonly now: number;
  /** Its earlier hand: leases begin by it. Default: `now`. */
  readonly since?: number;
  /** How far it has jumped in all. Default: as far as before. */
  readonly jumped?: number;
  /** Uniform in 0..1. */
  readonly random: number;
  /** Which one the input came from, by the number of its `connect`. */
  readonly connection?: number;
  readonly input: Input;
}

/** Work for the shell, to be done in this order. None of it fails the session: a send that can't be done is a lost frame. */
export type Effect =
  /**
   * From here on frames are sent by the connection of this number. Ask for the token, open a socket, and tell what becomes of
   * it under this number; unless it was opened before.
   */
  | { readonly type: "connect"; readonly connection: number }
  /** Abandon the socket at once: nothing that still arrives by it counts. */
  | { readonly type: "disconnect"; readonly connection: number }
  | { readonly type: "send"; readonly message: ClientMessage }
  | { readonly type: "ping" }
  /** Reports go by `settled`. */
  | HolderEffect<number>
  /** The contender has left: its component is free, and nothing of it is left but callbacks that have had their time. */
  | { readonly type: "left"; readonly contender: number }
  /** A try that was not granted, and has left. `leader`: who leads; `null`: nobody that is known. */
  | { readonly type: "tried"; readonly contender: number; readonly leader: LeaderStatus | null }
  /** The group does not let the contender stand. It asks again, at growing intervals, until it is closed; a try leaves. */
  | { readonly type: "refused"; readonly contender: number; readonly code: string; readonly message: string }
  /** The group has answered the renewal or `hello` of this name, and somebody waits. It answers those who inquired before it was sent. */
  | { readonly type: "inquired"; readonly sentAt: number }
  /** Who has answered the `hello`. Comes before what that ends (E15). */
  | { readonly type: "deployment"; readonly deployment: string }
  /** For those who have asked. */
  | Confirmed
  | Leaders
  | Refusal
  /** The connection was lost, or refused: `opened` tells which. `fatal`: the client is closed for good. */
  | (Of<"lost"> & { readonly opened: boolean; readonly fatal: boolean })
  /** A session is needed from here on, no longer, or never again. Comes last. */
  | { readonly type: "started" | "idle" | "closed" }
  /** The server has sent something that makes no sense here. It was ignored (G9). */
  | { readonly type: "violation"; readonly message: ServerMessage };
