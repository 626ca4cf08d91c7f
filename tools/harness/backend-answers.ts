/** What the HTTP routes of a backend answer about a group. */
import { groupPath } from "../../shared/protocol/paths.ts";
import type { GroupStatus, TermStatus } from "../../worker/index.ts";

const ask = (url: string, group: string, rest = ""): Promise<Response> => fetch(`${url}${groupPath(group)}${rest}`);

/** The body of an answer as JSON, of the shape that the route promises. */
export async function bodyOf<Body>(answer: Response): Promise<Body> {
  return JSON.parse(await answer.text());
}

export const statusOf = async (url: string, group: string): Promise<GroupStatus> => bodyOf(await ask(url, group));

/** The newest term first. */
export async function historyOf(url: string, group: string): Promise<readonly TermStatus[]> {
  const { terms } = await bodyOf<{ readonly terms: readonly TermStatus[] }>(await ask(url, group, "/history"));
  return terms;
}

/** Why the terms of the group have ended, the newest first; null for one that runs. */
export async function endingsOf(url: string, group: string): Promise<(string | null)[]> {
  return (await historyOf(url, group)).map(({ reason }) => reason);
}
