/** Whether the shown data is current. The socket that receives changes and the look-ups count as one connection. */
import { unreachable } from "../../../../shared/unreachable.ts";
import { duration } from "./words.ts";

export type Connection =
  | { readonly type: "opening" }
  | { readonly type: "live" }
  /**
   * `since`: when the page noticed it; `seenAt`: when the shown data was current, null if there is none yet; `answer`: the
   * backend's error, null if it does not answer.
   */
  | { readonly type: "lost"; readonly since: number; readonly seenAt: number | null; readonly answer: string | null }
  | { readonly type: "recovered"; readonly at: number; readonly lostForMs: number }
  /** 401: a token or a new token is required. 403: the token is valid and does not allow this. */
  | { readonly type: "refused"; readonly status: 401 | 403; readonly message: string }
  /** The client has closed, and a retry would not help. */
  | { readonly type: "closed"; readonly message: string };

/** `reachable`: both paths work. `at`: the page's own clock, in milliseconds. */
export type ConnectionEvent =
  | { readonly type: "reachable"; readonly at: number }
  | {
      readonly type: "unreachable";
      readonly at: number;
      readonly seenAt: number | null;
      readonly answer: string | null;
    }
  | { readonly type: "refused"; readonly status: 401 | 403; readonly message: string }
  | { readonly type: "closed"; readonly message: string }
  | { readonly type: "tick"; readonly at: number };

/** How long the page shows that the connection is back. */
const RECOVERED_SHOWN_MS = 10_000;

export function nextConnection(now: Connection, event: ConnectionEvent): Connection {
  if (event.type === "refused" || event.type === "closed") return event;
  if (event.type === "tick") {
    return now.type === "recovered" && event.at - now.at >= RECOVERED_SHOWN_MS ? { type: "live" } : now;
  }
  if (event.type === "unreachable") {
    if (now.type === "refused" || now.type === "closed") return now;
    return {
      type: "lost",
      since: now.type === "lost" ? now.since : event.at,
      seenAt: event.seenAt,
      answer: event.answer,
    };
  }
  if (now.type === "live" || now.type === "recovered" || now.type === "closed") return now;
  return now.type === "lost" ? { type: "recovered", at: event.at, lostForMs: event.at - now.since } : { type: "live" };
}

/** The word beside the group's name. */
export const CONNECTION_LABELS: Readonly<Record<Connection["type"], string>> = {
  opening: "Connecting",
  live: "Live",
  lost: "Connection lost",
  recovered: "Live",
  refused: "Refused",
  closed: "Closed",
};

/** The banner of the page, or null. `time` formats a time of day. */
export function connectionMessage(connection: Connection, time: (at: number) => string): string | null {
  switch (connection.type) {
    case "opening":
    case "live":
      return null;
    case "lost": {
      const { seenAt, answer } = connection;
      const what =
        seenAt === null ? "The backend can't be reached." : `Connection lost. What you see is from ${time(seenAt)}.`;
      return `${what}${answer === null ? "" : ` It answers: ${answer}.`} The page retries by itself.`;
    }
    case "recovered":
      return `Connected again after ${duration(connection.lostForMs)}. What you see is current.`;
    case "refused":
      return connection.status === 401 ? `${capitalized(connection.message)}.` : `Not allowed: ${connection.message}.`;
    case "closed":
      return `The connection is closed: ${connection.message}. Reload the page to try again.`;
    default:
      return unreachable(connection);
  }
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
