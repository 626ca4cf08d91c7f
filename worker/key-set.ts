/**
 * Public keys of an identity provider, fetched when they are needed and kept for a while. Keys rotate: a token that
 * names an unknown key makes the set be fetched again, but not more often than once in `MIN_REFRESH_MS`, so that
 * strangers with made-up key ids can't turn this Worker against the provider.
 */
import type { HonoJsonWebKey } from "hono/utils/jwt/jws";
import { logError } from "./log.ts";

const MAX_AGE_MS = 600_000;
const MIN_REFRESH_MS = 30_000;
const FETCH_TIMEOUT_MS = 5_000;

/** The provider can't be asked: says nothing about the token. */
export class KeySetUnavailable extends Error {}

export class KeySet {
  readonly #url: string;
  #keys: readonly HonoJsonWebKey[] = [];
  #fetchedAt = -Infinity;
  #askedAt = -Infinity;
  #asking: Promise<void> | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  /** The keys that may hold `kid`. Rejects with `KeySetUnavailable` while nothing is known. `now` in milliseconds. */
  async keysFor(kid: string | undefined, now: number): Promise<readonly HonoJsonWebKey[]> {
    const known = this.#keys.some((key) => key.kid === kid);
    const wanted = !known || now - this.#fetchedAt > MAX_AGE_MS;
    if (wanted && (this.#asking !== null || now - this.#askedAt > MIN_REFRESH_MS)) {
      this.#askedAt = this.#asking === null ? now : this.#askedAt;
      this.#asking ??= this.#fetch(now).finally(() => {
        this.#asking = null;
      });
      await this.#asking;
    }
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
    } catch (error) {
      logError("keys_unavailable", error);
    }
  }
}

const isKeySet = (value: unknown): value is { readonly keys: readonly HonoJsonWebKey[] } =>
  typeof value === "object" && value !== null && "keys" in value && Array.isArray(value.keys);
