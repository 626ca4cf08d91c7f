/**
 * Public keys of an identity provider. jose fetches them when they are needed and keeps them for a while. A token that
 * names an unknown key makes it fetch the set again, but not within 30 s of the last answer; here the same holds after
 * a failure, and the keys that are known stay in use meanwhile. So strangers with made-up key ids can't turn this
 * Worker against the provider, and its outage shuts nobody out whose key is known.
 */
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { logError } from "./log.ts";

const MAX_AGE_MS = 600_000;
const MIN_REFRESH_MS = 30_000;
const FETCH_TIMEOUT_MS = 5_000;

/** The provider's keys can't be fetched. This says nothing about the token. */
export class KeySetUnavailable extends Error {
  override readonly name = "KeySetUnavailable";
}

/** Finds the key that a token names. Rejects with `KeySetUnavailable` while no keys are known. */
export function providerKeys(url: string): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: MAX_AGE_MS,
    cooldownDuration: MIN_REFRESH_MS,
    timeoutDuration: FETCH_TIMEOUT_MS,
  });
  let failedAt = -Infinity;
  return async (header, token) => {
    // Without an id every key would have to be tried.
    if (header.kid === undefined) throw new errors.JWKSNoMatchingKey("the token names no key");
    if (Date.now() - failedAt > MIN_REFRESH_MS) {
      try {
        return await remote(header, token);
      } catch (error) {
        if (isAboutToken(error)) throw error;
        failedAt = Date.now();
        logError("keys_unavailable", error);
      }
    }
    const known = remote.jwks();
    if (known === undefined) throw new KeySetUnavailable("no key set at AUTH_JWKS_URL");
    return createLocalJWKSet(known)(header, token);
  };
}

/** The set is there, and has no key for this token. */
const isAboutToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported;
