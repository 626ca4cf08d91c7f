/** What takes part in a test group, whatever its kind. */
import type { Clock } from "../client/clock.ts";
import type { Observed } from "./ledger.ts";
import type { Due } from "./timeline.ts";

export interface Member extends Observed {
  /** The clock of its code. */
  readonly clock: Clock;
  /** By which others name it as a successor. */
  readonly sessionId: string | undefined;
  dues(): Iterable<Due>;
  partition(): void;
  heal(): void;
  cut(): void;
  delay(ms: number): void;
  freeze(): void;
  thaw(): void;
  kill(told: boolean): void;
}
