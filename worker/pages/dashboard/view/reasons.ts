/** Why a term ended, in words and in the order of the legend: ended by itself, moved by hand, lost. */
import type { TermStatus } from "../../../index.ts";

export type EndReason = NonNullable<TermStatus["reason"]>;
export type BarKind = EndReason | "running";

const WORDS: Readonly<Record<BarKind, { readonly label: string; readonly meaning: string }>> = {
  running: { label: "leads now", meaning: "the term has not ended" },
  resigned: { label: "resigned", meaning: "stepped down by itself" },
  closed: { label: "closed", meaning: "said bye, or closed its last contender" },
  revoked: { label: "revoked", meaning: "made to step down by an operator" },
  transferred: { label: "transferred", meaning: "handed over to a successor, by an operator or to spread elections" },
  preempted: { label: "preempted", meaning: "another process came first by priority or version" },
  expired: { label: "expired", meaning: "its lease ran out" },
  lost: { label: "lost", meaning: "its session came back without it" },
};

export const BAR_KINDS = Object.keys(WORDS) as BarKind[];

/** A reason that this page does not know is shown unchanged. */
export const kindOf = ({ reason }: Pick<TermStatus, "reason">): BarKind => reason ?? "running";
export const reasonLabel = (kind: BarKind): string => WORDS[kind]?.label ?? kind;
export const reasonMeaning = (kind: BarKind): string => WORDS[kind]?.meaning ?? "";
