/** What a client of any product says of the lead, as the league asks it. */

/** From the message that it leads to the one that it does not. It never comes back as another one. */
export interface Term {
  /** Grows from leader to leader; absent if the product has none. */
  readonly token?: string | undefined;
  /** What the client says now, without asking anybody. */
  holds(): boolean;
  /** Asks the server, where the client offers that. A leader does it before each write. */
  confirms?(): Promise<boolean>;
}

export interface Place {
  /** Where the server is: a port of loopback. */
  readonly port: number;
  readonly election: string;
  /** The time-out of the lead, as near as the product allows. */
  readonly leaseMs: number;
}

/** Stands in an election for ever, on a connection of its own, again after each loss. Tells each term. */
export type Stand = (place: Place, lead: (term: Term) => void) => unknown;
