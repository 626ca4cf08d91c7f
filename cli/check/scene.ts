/** Where and when something was seen, and where to say what is wrong with it. */
export interface Scene {
  /** The trace was recorded at the client: what it has read by then is known, and when it sends. */
  readonly isExact: boolean;
  readonly at: number;
  find(rule: string, problem: string, right: string): void;
}
