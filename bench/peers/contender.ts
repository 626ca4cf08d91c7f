/** A contender of a product, this one or a peer, as the bench drives it: all of them in the same way. */

/** Has a connection of its own. */
export interface Contender {
  /** Enters the queue at its end, and resolves once it stands there. `lead` is called once, when it leads. */
  stand(lead: () => void): Promise<void>;
  /** Gives the lead up. */
  resign(): Promise<unknown>;
  close(): unknown;
}

export type Connect = (address: string, election: string) => Promise<Contender>;

/** Milliseconds on the machine's monotonic clock, which all processes share. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS;
const NANOSECONDS_PER_MS = 1e6;
