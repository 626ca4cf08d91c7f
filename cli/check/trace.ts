/**
 * A trace: what one or more clients have sent and received, one JSON object a line. PROTOCOL.md describes it.
 *
 * Entry of the room `cli/check`: begin here, then `judge.ts`. It judges traces by a small specification of its own, written
 * from PROTOCOL.md. The other rooms of `cli/`, `tools/harness` and tests may import it; it imports `shared/`, and `cli/` for
 * the failure of a file that can't be read. It never sees a core: what the product believes is no evidence here.
 */
import {
  boolean,
  type Check,
  InvalidField,
  number,
  object,
  oneOf,
  optional,
  shown,
  text,
} from "../../shared/protocol/fields.ts";

/**
 * Where it was recorded. `client`: each frame as the client's own code sends or reads it. `path`: between client and group,
 * where frames pass later than they are sent and earlier than they are read, by any time.
 */
export type SeenAt = "client" | "path";

export interface Header {
  readonly kind: "trace";
  readonly version: 1;
  readonly seen: SeenAt;
}

interface Timed {
  /** Milliseconds of one monotonic clock. */
  readonly at: number;
}

/** A client begins to connect. `client`: which one, where the trace has several that come back. */
export interface Opened extends Timed {
  readonly kind: "open";
  readonly connection: string;
  readonly group: string;
  readonly client?: string;
}

/** `up`: to the group. A frame that is not JSON is its text; a binary one is `null`. */
export interface Passed extends Timed {
  readonly kind: "up" | "down";
  readonly connection: string;
  readonly frame: unknown;
}

/**
 * `gone`: the client itself has closed or abandoned it; else it has learned of its end. `retryAfterMs`: how long the group
 * wants to be left alone, where the client was told.
 */
export interface Closed extends Timed {
  readonly kind: "close";
  readonly connection: string;
  readonly code: number;
  readonly gone: boolean;
  readonly retryAfterMs?: number;
}

/**
 * What the application was told, or has done. `leading`: `onGrant`, or each time that it asked and was told that it leads.
 * `revoked`: `onRevoke`, which may take `drainMs`. `stopped`: it has settled. `frozen`: the page runs no further code.
 * `woken`: the page is visible or online again. `left`: the client has closed in order. `unready`: it does not want to lead
 * until it is `ready` again; with `forMs`, nothing of its election does for so long.
 */
export interface Told extends Timed {
  readonly kind: "told";
  readonly what: "leading" | "revoked" | "stopped" | "frozen" | "woken" | "left" | "unready" | "ready";
  readonly client?: string;
  readonly component?: string;
  readonly leaderSessionId?: string;
  readonly drainMs?: number;
  readonly forMs?: number;
}

/** What can be seen on the path. */
export type SeenEntry = Opened | Passed | Closed;

export type Entry = SeenEntry | Told;

const at = number(0);
const name = text(256, 1);
const anything: Check<unknown> = (value) => value;

const tables: { readonly [K in Entry["kind"]]: Check<Entry> } = {
  open: object<Opened>({ kind: oneOf("open"), at, connection: name, group: name, client: optional(name) }),
  up: object<Passed>({ kind: oneOf("up"), at, connection: name, frame: anything }),
  down: object<Passed>({ kind: oneOf("down"), at, connection: name, frame: anything }),
  close: object<Closed>({
    kind: oneOf("close"),
    at,
    connection: name,
    code: number(0, 4_999),
    gone: boolean,
    retryAfterMs: optional(at),
  }),
  told: object<Told>({
    kind: oneOf("told"),
    what: oneOf("leading", "revoked", "stopped", "frozen", "woken", "left", "unready", "ready"),
    at,
    client: optional(name),
    component: optional(name),
    leaderSessionId: optional(name),
    drainMs: optional(at),
    forMs: optional(at),
  }),
};

const header = object<Header>({ kind: oneOf("trace"), version: oneOf(1), seen: oneOf("client", "path") });

/** The first line. Throws `InvalidField`. */
export const headerOf = (line: string): Header => header(parsed(line), "");

/** Any other line. Throws `InvalidField`. */
export function entryOf(line: string): Entry {
  const value = parsed(line);
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  const [known] = KINDS.filter((one) => one === kind);
  if (known === undefined) throw new InvalidField("kind", `one of ${KINDS.join(", ")}`, shown(kind));
  return tables[known](value, "");
}

const KINDS = ["open", "up", "down", "close", "told"] as const;

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new InvalidField("", "one JSON object a line", shown(line));
  }
}
