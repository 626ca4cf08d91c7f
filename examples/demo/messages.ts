/** The reports of a demo process (one JSON object per line of its output) and its orders (on its input). */

/** A contender's callback ran. */
export interface CallbackReport {
  readonly callback: "grant" | "revoke";
  readonly component: string;
  readonly leaderSessionId: string;
  readonly epoch: number;
  /** Why it was revoked. */
  readonly reason?: string;
}

/** An error outside of the contender, which continues by itself. */
export interface ErrorReport {
  readonly callback: "error";
  readonly component: string;
  readonly message: string;
}

export type Report = CallbackReport | ErrorReport;

export type Order =
  | { readonly order: "contend"; readonly component: string }
  | { readonly order: "close"; readonly component: string }
  | { readonly order: "resign" }
  | { readonly order: "stand" };
