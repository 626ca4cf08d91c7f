/** The rows of the history table. */
import { legible } from "../../../../shared/legible.ts";
import type { TermStatus } from "../../../index.ts";
import { type BarKind, kindOf, reasonLabel, reasonMeaning } from "./reasons.ts";
import { duration, electionTitle, processName } from "./words.ts";

export interface TermView {
  readonly key: string;
  readonly epoch: string;
  readonly election: string;
  readonly name: string;
  readonly sessionId: string;
  readonly acceptedAt: number;
  readonly endedAt: number | null;
  readonly kind: BarKind;
  readonly reason: string;
  readonly meaning: string;
  readonly led: string;
  /** How long nobody led before it, and whether anybody could have; empty for the first term. */
  readonly gap: string;
  /** The time from the grant to the first renewal, which shows that the process has taken it. */
  readonly taken: string;
  /** The components, each with the time from the acceptance to its confirmation. */
  readonly confirmed: string;
  readonly note: string;
}

export const termViews = (terms: readonly TermStatus[], now: number): TermView[] =>
  terms.map((term) => {
    const { leaderSessionId, epoch, election, process, sessionId, grantedAt, acceptedAt, endedAt } = term;
    const kind = kindOf(term);
    return {
      key: leaderSessionId,
      epoch: String(epoch),
      election: electionTitle(election),
      name: processName(process, sessionId),
      sessionId,
      acceptedAt,
      endedAt,
      kind,
      reason: reasonLabel(kind),
      meaning: reasonMeaning(kind),
      led: duration((endedAt ?? now) - acceptedAt),
      gap: term.gapMs === null ? "" : `${duration(term.gapMs)}${term.idle ? " idle" : ""}`,
      taken: duration(acceptedAt - grantedAt),
      confirmed: term.confirmed
        .map(({ component, at }) => `${component} after ${duration(at - acceptedAt)}`)
        .join(", "),
      note: term.note === null ? "" : legible(term.note),
    };
  });
