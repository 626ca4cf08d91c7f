/** Reads the server's frames. The server is trusted for sizes and ranges; shapes are checked all the same. */
import type { ServerMessage } from "../shared/messages.ts";

/** One example of each message: what has the same shape has the same types. A field with `?` may be absent or null. */
const examples: { readonly [T in ServerMessage["type"]]: object } = {
  welcome: {
    version: 1,
    sessionId: "",
    secret: "",
    resumed: true,
    sentAt: 0,
    held: [""],
    lease: { durationMs: 0, renewDeadlineMs: 0, renewEveryMs: 0 },
    pingEveryMs: 0,
    answerTimeoutMs: 0,
    checkEveryMs: 0,
    offerTimeoutMs: 0,
    drainMs: 0,
    limits: { metadataBytes: 0 },
  },
  registered: { component: "" },
  deregistered: { component: "" },
  grant: { election: "", leaderSessionId: "", epoch: 0, components: [""], joined: true },
  renewed: { sentAt: 0, held: [""] },
  revoke: { leaderSessionId: "", reason: "", drainMs: 0 },
  confirmed: { id: "", component: "", leaderSessionId: "" },
  leaders: {
    revision: 0,
    snapshot: true,
    leaders: [
      {
        component: "",
        "leader?": {
          component: "",
          leaderSessionId: "",
          epoch: 0,
          "address?": "",
          "metadata?": {},
          "process?": "",
        },
      },
    ],
  },
  error: { code: "", message: "", "id?": "", "component?": "" },
};

function isLike(value: unknown, example: unknown): boolean {
  if (Array.isArray(example)) return Array.isArray(value) && value.every((entry) => isLike(entry, example[0]));
  if (typeof value !== typeof example || value === null) return false;
  if (typeof value !== "object") return true;
  const fields = new Map(Object.entries(value));
  return Object.entries(example as object).every(([field, inner]) => {
    const name = field.replace("?", "");
    return (name !== field && (fields.get(name) ?? null) === null) || isLike(fields.get(name), inner);
  });
}

/** Throws for whatever is not a message. */
export function parse(frame: unknown): ServerMessage {
  const message: unknown = JSON.parse(String(frame));
  const { type } = message as { readonly type?: unknown };
  if (
    typeof type === "string" &&
    Object.hasOwn(examples, type) &&
    isLike(message, examples[type as ServerMessage["type"]])
  ) {
    return message as ServerMessage;
  }
  throw new TypeError("not a message");
}
