/** What became of an operator's order, in words. */
import type { GroupStatus } from "../../../../shared/status.ts";
import { duration, processName, quoted, shortId } from "./words.ts";

export interface Revoked {
  readonly from: string;
  readonly to: string | null;
  readonly epoch: number;
  readonly durationMs: number;
}

/** `status`: any that knows the sessions, such as the one before. */
export function revokedMessage({ from, to, epoch, durationMs }: Revoked, status: GroupStatus | null): string {
  const nameOf = nameIn(status);
  const took = duration(durationMs);
  if (to === null) return `${nameOf(from)} has stepped down, after ${took}. Nobody else took over; epoch ${epoch}.`;
  if (to === from) return `${nameOf(from)} has stepped down, and leads again with epoch ${epoch}, after ${took}.`;
  return `${nameOf(from)} handed over to ${nameOf(to)}, which leads with epoch ${epoch}, after ${took}.`;
}

function nameIn(status: GroupStatus | null): (sessionId: string) => string {
  const names = new Map<string, string>();
  for (const { leader, candidates } of status?.elections ?? []) {
    for (const { sessionId, process } of [...(leader ? [leader] : []), ...candidates]) {
      names.set(sessionId, quoted(processName(process, sessionId)));
    }
  }
  return (sessionId) => names.get(sessionId) ?? `session ${shortId(sessionId)}`;
}

/** The remedy for an answer that says no. */
export function refusalMessage(status: number, code: string, message: string): string {
  const said = message === "" ? code : message;
  if (status === 401) return `Refused: ${said}. Enter a token that is good here.`;
  if (status === 403) return `Not allowed: ${said}. Use a token with the role admin for this group.`;
  if (code === "not_led") return "Nobody leads this election any more: there is nobody to step down.";
  if (status === 0) return "The backend could not be reached. Check the connection, look at the group, and try again.";
  return `The backend said no (${status}): ${said}.`;
}
