/**
 * Public keys of an identity provider, fetched when they are needed and kept for a while. Keys rotate: a token with an
 * unknown key id makes this Worker fetch the set again, but only after a pause, however many requests come at once: strangers
 * with made-up key ids can't flood the provider. The pause after a failure is short, because meanwhile good tokens are
 * refused. Libraries that fetch once for each waiting request,
 * as jose does inside Workers, can't promise that.
 */
import type { HonoJsonWebKey } from "hono/utils/jwt/jws";
import { logError } from "./log.ts";

const MAX_AGE_MS = 600_000;
const FETCH_TIMEOUT_MS = 5_000;
/** How long after its beginning a fetch is not repeated. One without an outcome by then has ended with its request. */
const PAUSES_MS = { pending: FETCH_TIMEOUT_MS, failed: 1_000, answered: 30_000 } as const;

/** The provider does not answer, which says nothing about the token. */
export class KeySetUnavailable extends Error {}

export class KeySet {
  readonly #url: string;
  #keys: readonly HonoJsonWebKey[] = [];
  #fetchedAt = -Infinity;
  #askedAt = -Infinity;
  #outcome: keyof typeof PAUSES_MS = "failed";
  #asking: Promise<void> = Promise.resolve();

  constructor(url: string) {
    this.#url = url;
  }

  /** The keys that may hold `kid`. Rejects with `KeySetUnavailable` while nothing is known. `now` in milliseconds. */
  async keysFor(kid: string | undefined, now: number): Promise<readonly HonoJsonWebKey[]> {
    const known = this.#keys.some((key) => key.kid === kid);
    const wanted = !known || now - this.#fetchedAt > MAX_AGE_MS;
    if (wanted && now - this.#askedAt > PAUSES_MS[this.#outcome]) {
      this.#askedAt = now;
      this.#outcome = "pending";
      this.#asking = this.#fetch(now);
    }
    if (wanted && now - this.#askedAt <= FETCH_TIMEOUT_MS) await answered(this.#asking);
    if (this.#keys.length === 0) throw new KeySetUnavailable("no key set at AUTH_JWKS_URL");
    return this.#keys;
  }

  /** Keys that are known stay in use while the provider is away. */
  async #fetch(now: number): Promise<void> {
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
      const body: unknown = await response.json();
      if (!response.ok || !isKeySet(body)) throw new Error(`status ${response.status}`);
      this.#keys = body.keys;
      this.#fetchedAt = now;
      this.#outcome = "answered";
    } catch (error) {
      if (this.#askedAt === now) this.#outcome = "failed";
      logError("keys_unavailable", error);
    }
  }
}

/**
 * Resolves when the answer is there, or can no longer come: a fetch ends with the request that began it, and then its
 * promise stays pending for all other requests that wait for it.
 */
async function answered(asking: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FETCH_TIMEOUT_MS);
  await Promise.race([asking, promise]);
  clearTimeout(timer);
}

const isKeySet = (value: unknown): value is { readonly keys: readonly HonoJsonWebKey[] } =>
  typeof value === "object" && value !== null && "keys" in value && Array.isArray(value.keys);
