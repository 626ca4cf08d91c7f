/**
 * Reads the server's frames. The server is trusted for sizes, ranges, and whatever is only passed on; the shape of what
 * the session core works with is checked, so that a wrong frame can't make it send one that costs it the session.
 */
import type { ServerMessage } from "../shared/messages.ts";

/** One example of each message: what has the same shape has fields of the same types. */
const examples: { readonly [T in ServerMessage["type"]]: object } = {
  welcome: {
    sessionId: "",
    secret: "",
    resumed: true,
    sentAt: 0,
    held: [""],
    lease: { renewDeadlineMs: 0, renewEveryMs: 0 },
    pingEveryMs: 0,
    answerTimeoutMs: 0,
    checkEveryMs: 0,
    drainMs: 0,
    limits: { messagesPerSecond: 0, metadataBytes: 0 },
  },
  registered: {},
  deregistered: {},
  grant: { election: "", leaderSessionId: "", epoch: 0, components: [""], joined: true },
  renewed: { sentAt: 0, held: [""] },
  revoke: { leaderSessionId: "", reason: "", drainMs: 0 },
  confirmed: { id: "", component: "", leaderSessionId: "" },
  leaders: { snapshot: true, leaders: [{ component: "" }] },
  error: { code: "", message: "" },
};

function isLike(value: unknown, example: unknown): boolean {
  if (Array.isArray(example)) return Array.isArray(value) && value.every((entry) => isLike(entry, example[0]));
  if (typeof value !== typeof example || value === null) return false;
  if (typeof value !== "object") return true;
  return Object.entries(example as object).every(([field, inner]) => isLike(Reflect.get(value, field), inner));
}

const isMessage = (value: unknown, type: unknown): value is ServerMessage =>
  typeof type === "string" && Object.hasOwn(examples, type) && isLike(value, examples[type as ServerMessage["type"]]);

const isKnownReason = (reason: string): boolean => /^(revoked|preempted|transferred)$/.test(reason);

/** Throws for whatever is not a message. */
export function parse(frame: unknown): ServerMessage {
  const message: { readonly type?: unknown } = JSON.parse(String(frame));
  if (!isMessage(message, message.type)) throw new TypeError("not a message");
  // A newer server may have other reasons.
  return message.type === "revoke" && !isKnownReason(message.reason) ? { ...message, reason: "revoked" } : message;
}
