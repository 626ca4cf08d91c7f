/** The outcome of an operator's order, in words. */
import type { GroupStatus, RevokeResult } from "../../../../shared/protocol/status.ts";
import { duration, processName, quoted, shortId } from "./words.ts";

/**
 * In the past tense, because it stays on the page. `seen`: the statuses before and after the order, which name the
 * sessions; one that has joined in between may be in neither.
 */
export function revokedMessage(revoked: RevokeResult, seen: readonly (GroupStatus | null)[]): string {
  const nameOf = nameIn(seen);
  const { passedOver } = revoked;
  const outcome = handOverMessage(revoked, nameOf);
  return passedOver === undefined ? outcome : `${outcome} ${nameOf(passedOver)} was passed over: it did not take over.`;
}

function handOverMessage({ from, to, epoch, durationMs }: RevokeResult, nameOf: (sessionId: string) => string): string {
  const took = duration(durationMs);
  if (to === null) return `${nameOf(from)} has stepped down, after ${took}. Nobody else took over; epoch ${epoch}.`;
  if (to === from) return `${nameOf(from)} has stepped down, and took over again with epoch ${epoch}, after ${took}.`;
  return `${nameOf(from)} handed over to ${nameOf(to)}, which took over with epoch ${epoch}, after ${took}.`;
}

function nameIn(seen: readonly (GroupStatus | null)[]): (sessionId: string) => string {
  const names = new Map<string, string>();
  for (const { leader, candidates } of seen.flatMap((status) => status?.elections ?? [])) {
    for (const { sessionId, process } of [...(leader ? [leader] : []), ...candidates]) {
      names.set(sessionId, quoted(processName(process, sessionId)));
    }
  }
  return (sessionId) => names.get(sessionId) ?? `session ${shortId(sessionId)}`;
}

/** The text for a refusal, with the remedy. */
export function refusalMessage(status: number, code: string, message: string): string {
  const said = message === "" ? code : message;
  if (status === 401) return `Refused: ${said}. Enter a valid token.`;
  if (status === 403) return `Not allowed: ${said}. Use a token with the role admin for this group.`;
  if (code === "not_led") return "Nobody leads this election any longer: there is nobody to step down.";
  if (status === 0) return "The backend could not be reached. Check the connection and the group, and try again.";
  return `The backend refused the order (${status}): ${said}.`;
}
