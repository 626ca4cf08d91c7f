/** What HTTP says to a client: a request, an upgrade, and the sentences about both when they fail. */
import { ElectionError, UnauthorizedError } from "../errors.ts";
import { CLOSE, CLOSE_CODE_OF_STATUS, LOST } from "../protocol/close-codes.ts";

export const authorization = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** An answer that was not hoped for. */
export interface Answer {
  readonly status: number;
  /** The parsed JSON; anything else says nothing. */
  readonly body?: unknown;
  readonly header: (name: string) => string | null | undefined;
}

/** The code and the message of a refusal by this package's Worker; any other answer has none. */
export function refusalIn(body: unknown): { readonly code: string; readonly message: string } | null {
  const { code, message } = (body as { error?: { code?: unknown; message?: unknown } } | null | undefined)?.error ?? {};
  return typeof code === "string" ? { code, message: typeof message === "string" ? message : code } : null;
}

/** The seconds of a `Retry-After`, in milliseconds; `undefined` where it says a date, or nothing. */
export const retryAfterMs = (seconds: string | null | undefined): number | undefined =>
  seconds && /^\d+$/.test(seconds) ? Number(seconds) * 1_000 : undefined;

const FROM_PROXY =
  "something in front of the backend gives this answer, such as a proxy: see its configuration and its log";
const NO_DEPLOYMENT = "no deployment of edge-election answers there: correct the host or the base path in `url`";

/** What to do about an answer that does not come from a deployment. */
function remedyFor({ status, header }: Answer): string {
  if (status === 101) return "the upgrade came without a socket: give a fetcher, or a proxy, that passes upgrades on";
  // A page is told nothing of where it was sent: 0.
  if (status === 0 || (status >= 300 && status < 400)) {
    const location = header("location");
    return location
      ? `the address has moved to ${location}: give the new one as \`url\``
      : "the address has moved: correct `url`";
  }
  return status === 401 || status === 403 || status >= 500 ? FROM_PROXY : NO_DEPLOYMENT;
}

/**
 * The error of an answer, the same for a request and an upgrade. A refusal of the Worker keeps its code and its words; any
 * other answer has the code `refused`, and its remedy is a guess. `asksForToken`: the next try has a new token.
 */
export function answerError(url: string, answer: Answer, asksForToken = false): ElectionError {
  const { status, body, header } = answer;
  const known = refusalIn(body);
  const message = `${url} answers with HTTP ${status}: ${known?.message ?? remedyFor(answer)}`;
  const isDenied = status === 401 || status === 403;
  const error = isDenied
    ? new UnauthorizedError("unauthorized", message, undefined, status === 401 && asksForToken)
    : new ElectionError(known?.code ?? "refused", message, undefined, status === 429 || status >= 500);
  const waitMs = retryAfterMs(header("retry-after"));
  return Object.assign(error, waitMs !== undefined && { retryAfterMs: waitMs });
}

/** What an answer to an upgrade means to the session: as the close code by which a page is told the same. */
export function closeCodeOf({ status, body, header }: Answer): number {
  if (header("retry-after")) return CLOSE.tryLater;
  if (refusalIn(body) === null) return LOST;
  return CLOSE_CODE_OF_STATUS[status] ?? LOST;
}

/** By the codes of Node; other platforms give none. */
const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there: start the backend, or correct the port in `url`",
  ECONNRESET:
    "the server closed the connection: check that `url` is that of a deployment, and that https: or http: is right",
  ENOTFOUND: "the host is unknown: correct its name in `url`",
  EAI_AGAIN: "the host's name can't be looked up: check the network, and its name in `url`",
  EPROTO: "the port does not speak TLS: begin `url` with http:, or correct its port",
  ERR_SSL_WRONG_VERSION_NUMBER: "the port does not speak TLS: begin `url` with http:, or correct its port",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is not trusted: give its authority to Node in NODE_EXTRA_CA_CERTS",
};
const UNKNOWN = "check that the backend runs, that `url` is right, and that the network is there";

/** Nobody has answered. `cause`: what the platform says about it; many say nothing. `end`: ends the message. */
export function unreachableError(url: string, cause: unknown, end = ""): ElectionError {
  const reason = reasonOf(cause);
  const remedy = REMEDIES[codeOf(reason)] ?? UNKNOWN;
  const why = reason === undefined || reason === null ? "" : `${messageOf(reason).trim().replace(/\s+/g, " ")}; `;
  return new ElectionError("connection_failed", `${url} can't be reached: ${why}${remedy}${end}`, cause);
}

/** `fetch` hides the reason in its cause, and an attempt at several addresses in a list. `depth`: causes may form a ring. */
function reasonOf(error: unknown, depth = 8): unknown {
  const { cause, errors } = (error ?? {}) as { cause?: unknown; errors?: unknown };
  const inner: unknown = Array.isArray(errors) && errors.length > 0 ? errors[0] : cause;
  return inner === undefined || inner === null || depth === 0 ? error : reasonOf(inner, depth - 1);
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null | undefined)?.code);
export const messageOf = (error: unknown): string => (error instanceof Error && error.message) || String(error);
