/** Tokens for a backend with `AUTH_SECRET`, signed without the project's own code. */
import { createHmac } from "node:crypto";

export const SECRET = "a secret of the abuse tests, long enough for HS256";

const LIFETIME_MS = 3_600_000;
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export interface TokenDetails {
  readonly groups?: readonly string[];
  /** Whose sessions are counted together. Default: nobody's. */
  readonly subject?: string;
  /** All that it may contend for. */
  readonly components?: readonly string[];
  /** In milliseconds since 1970; whole seconds count. Default: in an hour. */
  readonly endsAt?: number;
  readonly secret?: string;
}

export function tokenFor(role: "observe" | "contend" | "admin", details: TokenDetails = {}): string {
  const { groups = ["*"], subject: sub, components, endsAt = Date.now() + LIFETIME_MS, secret = SECRET } = details;
  const exp = Math.floor(endsAt / 1_000);
  const text = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ role, groups, components, sub, exp })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}
