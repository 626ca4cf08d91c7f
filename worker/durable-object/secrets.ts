/** Ids, and resume secrets. Synchronous on purpose: an `await` between a frame and its turn would let other events in. */
import type { FreshSecret } from "../group/events.ts";

/** Looked for, so that where it is missing the Worker says why as it starts. */
const { hash, randomBytes } = await import("node:crypto").catch((cause: unknown) => {
  const remedy = "set the Worker's compatibility_date to 2026-08-04 or later, or add the flag nodejs_compat";
  throw new Error(`edge-election needs node:crypto: ${remedy}`, { cause });
});

/** In characters; each carries six bits. */
const TEXT_LENGTH = 22;
/** Enough for 186 texts. To draw each by itself takes 15 µs: most of what its turn takes in the core. */
const DRAWN_BYTES = 3_072;
let drawn = "";
let used = 0;

/** 132 random bits as text. None is given out twice. */
function randomText(): string {
  if (used + TEXT_LENGTH > drawn.length) [drawn, used] = [randomBytes(DRAWN_BYTES).toString("base64url"), 0];
  used += TEXT_LENGTH;
  return drawn.slice(used - TEXT_LENGTH, used);
}

/** Four digits. */
const LAST_DIGITS = 36 ** 4;

/** As `toString(36)`, in two parts that V8 keeps as integers: it writes those out much faster. */
function timeText(now: number): string {
  const last = (now % LAST_DIGITS).toString(36).padStart(4, "0");
  return Math.floor(now / LAST_DIGITS).toString(36) + last;
}

/**
 * An id that nobody can guess, prefixed with the time it was made at: later ids sort behind earlier ones (until 2059), as
 * in RFC 9562, version 7. So a new session goes to the end of every tree and table, and leaves the rest alone.
 */
export const freshNonce = (): string => timeText(Date.now()) + randomText();

/** Only hashes are stored, so the database is no help in resuming a session. */
export const hashSecret = (secret: string): string => hash("sha256", secret, "base64url");

/** The platform makes an object's id of the namespace and the group's name: so it is another one in another deployment (E15). */
export const deploymentOf = (id: DurableObjectId): string => hashSecret(id.toString()).slice(0, TEXT_LENGTH);

/** The next one that is given out. Its hash takes longer than all else that a greeting does in the core. */
let spare: FreshSecret | null = null;

export const hasSpareSecret = (): boolean => spare !== null;

/** To be called where nobody waits. */
export function spareSecret(): void {
  spare ??= makeSecret();
}

export function freshSecret(): FreshSecret {
  const fresh = spare ?? makeSecret();
  spare = null;
  return fresh;
}

function makeSecret(): FreshSecret {
  const secret = randomText();
  return { secret, hash: hashSecret(secret) };
}
