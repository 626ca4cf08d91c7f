/** `close`: leaves, and, where it is asked to, deletes what the group has stored. */
import { isRecord } from "../shared/protocol/fields.ts";
import { assertCloseOptions } from "./checks.ts";
import { ElectionError } from "./errors.ts";
import { type IsAnswer, type LookUpPorts, lookUp } from "./look-up.ts";

/** Options of `close`. */
export interface CloseOptions {
  /** Also deletes what the group has stored, if nobody else uses it. */
  readonly cleanup: true;
}

/** What `close({ cleanup: true })` did. `message`: why nothing was deleted, and what to do about it. */
export type CleanUpResult = { readonly cleaned: true } | { readonly cleaned: false; readonly message: string };

/** How long it waits until the group's clock allows it. */
const CLEAN_UP_WITHIN_MS = 10_000;

export interface Close {
  (): Promise<void>;
  (options: CloseOptions): Promise<CleanUpResult>;
}

/** `address`: of the group. */
export function closeBy(leave: () => Promise<void>, ports: LookUpPorts, address: string): Close {
  function close(): Promise<void>;
  function close(options: CloseOptions): Promise<CleanUpResult>;
  async function close(given?: unknown): Promise<unknown> {
    // Where `close` is used as a listener, it gets an event, or the name of a signal: these are no options.
    const options = isRecord(given) ? given : {};
    assertCloseOptions(options);
    await leave();
    return options["cleanup"] === true ? cleanUp(ports, `${address}?purge=true`) : undefined;
  }
  return close;
}

/** Not the status, which a fetcher gets that ignores the method. */
const isDone: IsAnswer = (body) => isRecord(body) && body["ok"] === true;

/** Rejects as a look-up does, and where the role is missing. */
async function cleanUp(ports: LookUpPorts, url: string): Promise<CleanUpResult> {
  for (let leftMs = CLEAN_UP_WITHIN_MS; ; ) {
    try {
      await lookUp(ports, url, isDone, [], "DELETE");
      return { cleaned: true };
    } catch (error) {
      if (!(error instanceof ElectionError) || error.code !== "in_use") throw error;
      const { message, retryAfterMs = Infinity } = error;
      leftMs -= retryAfterMs;
      if (leftMs < 0) return { cleaned: false, message };
      await new Promise<void>((resolve) => void ports.clock.setTimeout(resolve, retryAfterMs));
    }
  }
}
