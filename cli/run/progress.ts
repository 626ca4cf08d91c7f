/** Shows on a terminal, while the process waits, who leads and which place in the queue it has. */
import type { ElectionClient } from "../../client/client.ts";
import type { LeaderInformation } from "../../client/node/index.ts";
import { type ElectionKind, electionOf } from "../../shared/protocol/names.ts";
import type { GroupStatus } from "../../shared/protocol/status.ts";

const LOOK_EVERY_MS = 2_000;

export interface Waiting {
  readonly component: string;
  readonly election: ElectionKind;
  isWaiting(): boolean;
  show(text: string): void;
}

/** Goes on until the client is closed. */
export async function followQueue(client: ElectionClient, waiting: Waiting): Promise<void> {
  let leader: LeaderInformation | null = null;
  let place: Place | undefined;
  const show = (): void => waiting.show(waiting.isWaiting() ? waitingText(waiting.component, leader, place) : "");
  const timer = setInterval(async () => {
    const status = waiting.isWaiting() ? await client.getStatus().catch(() => undefined) : undefined;
    place = status && placeIn(status, electionOf(waiting.component, waiting.election), client.sessionId);
    show();
  }, LOOK_EVERY_MS);
  try {
    for await (const present of client.observe(waiting.component)) {
      leader = present;
      show();
    }
  } catch {
    // The client was closed.
  } finally {
    clearInterval(timer);
    waiting.show("");
  }
}

export interface Place {
  readonly place: number;
  readonly of: number;
}

export function placeIn(status: GroupStatus, election: string, sessionId: string | undefined): Place | undefined {
  const candidates = status.elections.find((other) => other.election === election)?.candidates ?? [];
  const index = candidates.findIndex((candidate) => candidate.sessionId === sessionId);
  return index < 0 ? undefined : { place: index + 1, of: candidates.length };
}

export function waitingText(component: string, leader: LeaderInformation | null, place: Place | undefined): string {
  const who = leader ? `${leader.process ?? leader.leaderSessionId} leads, epoch ${leader.epoch}` : "nobody leads";
  const queue = place === undefined ? "" : `; place ${place.place} of ${place.of} in the queue`;
  return `waiting for ${component}: ${who}${queue}`;
}
