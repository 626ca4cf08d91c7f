/** What a trace can show, each with the rule that it breaks and what would be right. Times are those of the trace. */

export interface Violation {
  /** An id of docs/RULES.md. */
  readonly rule: string;
  readonly problem: string;
  readonly right: string;
}

export interface Finding extends Violation {
  /** The number of the line in the trace. The first one is 1. */
  readonly line: number;
  readonly client: string;
}

export const violation = (rule: string, problem: string, right: string): Violation => ({ rule, problem, right });
