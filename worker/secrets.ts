/** Random ids and resume secrets. Synchronous on purpose: an `await` between a frame and its turn would let others in. */
import { createHash, randomBytes } from "node:crypto";
import type { FreshSecret } from "./group/events.ts";

const RANDOM_BYTES = 16;

/** 128 random bits as text. */
export const freshNonce = (): string => randomBytes(RANDOM_BYTES).toString("base64url");

/** Only hashes are stored: who reads the database can't resume anybody's session. */
export const hashSecret = (secret: string): string => createHash("sha256").update(secret).digest("base64url");

export function freshSecret(): FreshSecret {
  const secret = freshNonce();
  return { secret, hash: hashSecret(secret) };
}
