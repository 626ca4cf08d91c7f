/** Secrets for HMAC with SHA-256, which sign tokens. */

/** RFC 7518, section 3.2: a key of the size of the hash output, or larger. */
const LENGTH = 32;

/** Throws a `RangeError` for a secret that is too short. `name`: where it comes from. */
export function assertSecret(secret: string, name = "the secret"): void {
  if (secret.length >= LENGTH) return;
  throw new RangeError(`${name} must have at least ${LENGTH} characters: make one with a random generator`);
}
