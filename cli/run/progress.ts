/** Shows on a terminal, while the process waits, who leads and which place in the queue it has. */
import type { ElectionClient } from "../../client/client.ts";
import type { LeaderInformation } from "../../client/node/index.ts";
import type { ElectionStatus } from "../../shared/protocol/status.ts";

const LOOK_EVERY_MS = 2_000;

export interface Waiting {
  readonly component: string;
  isWaiting(): boolean;
  /** Looks the election up. */
  look(): Promise<ElectionStatus>;
  show(text: string): void;
}

/** Goes on until the client is closed. */
export async function followQueue(client: ElectionClient, waiting: Waiting): Promise<void> {
  let leader: LeaderInformation | null = null;
  let place: Place | undefined;
  const show = (): void => waiting.show(waiting.isWaiting() ? waitingText(waiting.component, leader, place) : "");
  const timer = setInterval(async () => {
    const status = waiting.isWaiting() ? await waiting.look().catch(() => undefined) : undefined;
    place = status && placeIn(status, client.sessionId);
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
  /** Null: after those that one look-up shows. */
  readonly place: number | null;
  readonly of: number;
}

export function placeIn({ candidates, waiting }: ElectionStatus, sessionId: string | undefined): Place | undefined {
  const index = candidates.findIndex((candidate) => candidate.sessionId === sessionId);
  if (index >= 0) return { place: index + 1, of: waiting };
  return waiting > candidates.length ? { place: null, of: waiting } : undefined;
}

export function waitingText(component: string, leader: LeaderInformation | null, place: Place | undefined): string {
  const who = leader ? `${leader.process ?? leader.leaderSessionId} leads, epoch ${leader.epoch}` : "nobody leads";
  return `waiting for ${component}: ${who}${placeText(place)}`;
}

function placeText(place: Place | undefined): string {
  if (place === undefined) return "";
  return place.place === null
    ? `; one of ${place.of} in the queue`
    : `; place ${place.place} of ${place.of} in the queue`;
}
