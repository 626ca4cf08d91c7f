/** Who leads what, for a terminal. */
import type { LeaderInformation } from "../../client/index.ts";

const COLUMNS = [18, 10, 16] as const;

export function leaderTable(leaders: ReadonlyMap<string, LeaderInformation | null>): string {
  const rows = [...leaders].map(([component, leader]) =>
    leader === null
      ? row(component, "-", "-", "nobody")
      : row(component, leader.process ?? "?", String(leader.epoch), leader.leaderSessionId),
  );
  return [row("component", "leader", "epoch", "leader session id"), ...rows].join("\n");
}

const row = (component: string, leader: string, epoch: string, leaderSessionId: string): string =>
  `    ${component.padEnd(COLUMNS[0])}${leader.padEnd(COLUMNS[1])}${epoch.padEnd(COLUMNS[2])}${leaderSessionId}`;
