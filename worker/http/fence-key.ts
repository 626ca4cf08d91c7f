/** The key that signs fence tokens, from the deployment's settings. */
import { assertSigningKey, type FenceSigningKey } from "../fence/token.ts";

/** Settings of fence tokens, as text. Without either of them no tokens are issued. */
export interface FenceKeyEnv {
  /** Signs fence tokens by HS256: resources that verify them need the same secret. At least 32 characters. */
  readonly FENCE_SECRET?: string;
  /** Signs fence tokens by ES256: resources need only the public key. PKCS #8 in PEM, curve P-256. */
  readonly FENCE_PRIVATE_KEY?: string;
}

/** Throws a `RangeError` that names the setting and the remedy. */
export function signingKey({ FENCE_SECRET, FENCE_PRIVATE_KEY }: FenceKeyEnv): FenceSigningKey {
  if (FENCE_SECRET && FENCE_PRIVATE_KEY) throw new RangeError("set FENCE_SECRET or FENCE_PRIVATE_KEY, not both");
  const key = keyOf(FENCE_SECRET, FENCE_PRIVATE_KEY);
  if (key === null)
    throw new RangeError("fence tokens are not configured on this deployment: set FENCE_SECRET or FENCE_PRIVATE_KEY");
  try {
    assertSigningKey(key);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${"secret" in key ? "FENCE_SECRET" : "FENCE_PRIVATE_KEY"}: ${error.message}`);
  }
  return key;
}

function keyOf(secret: string | undefined, privateKey: string | undefined): FenceSigningKey | null {
  if (secret) return { secret };
  return privateKey ? { privateKey } : null;
}
