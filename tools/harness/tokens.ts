/** Tokens for a backend with `AUTH_SECRET`, signed without the project's own code. */
import { createHmac } from "node:crypto";

export const SECRET = "a secret of the abuse tests, long enough for HS256";

const LIFETIME_SECONDS = 3_600;
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export function tokenFor(role: "observe" | "contend" | "admin", groups: readonly string[] = ["*"]): string {
  const exp = Math.floor(Date.now() / 1_000) + LIFETIME_SECONDS;
  const text = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ role, groups, exp })}`;
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}
