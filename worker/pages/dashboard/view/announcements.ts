/** What a screen reader announces for a new status: changes of leaders, and paused or resumed. */
import type { ElectionStatus, GroupStatus } from "../../../../shared/protocol/status.ts";
import { electionPhrase, processName, quoted } from "./words.ts";

/** Empty for the first status, because the page itself shows it. */
export function announcements(before: GroupStatus | null, after: GroupStatus): string[] {
  if (before === null) return [];
  const old = new Map(before.elections.map((election) => [election.election, election]));
  const said = after.elections.flatMap((election) => leaderChange(old.get(election.election), election));
  if (before.paused !== after.paused) said.push(after.paused ? "The group is paused." : "The group is resumed.");
  return said;
}

function leaderChange(before: ElectionStatus | undefined, { election, leader }: ElectionStatus): string[] {
  if (leader?.leaderSessionId === before?.leader?.leaderSessionId) return [];
  if (leader === null) return [`Nobody leads ${electionPhrase(election)}.`];
  const name = quoted(processName(leader.process, leader.sessionId));
  return [`${name} leads ${electionPhrase(election)}, epoch ${leader.epoch}.`];
}
