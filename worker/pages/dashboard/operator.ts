/** The HTTP routes that this page uses. */
import { hc } from "hono/client";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { namesInPath } from "../../../shared/protocol/paths.ts";
import type { GroupStatus, GroupsStatus, RevokeOptions, RevokeResult } from "../../../shared/protocol/status.ts";
import type { ElectionApp, TermStatus } from "../../index.ts";
import { DEPLOYMENT_URL } from "../base.ts";

/** The group has answered with a refusal. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Operator {
  /** The first pages of the status, joined into one: at most `pages` of them. */
  status(pages: number): Promise<GroupStatus>;
  /** Newest first; without a limit, the group's default number. */
  history(limit?: number): Promise<readonly TermStatus[]>;
  /** Resolves when the term is over and, if there is another candidate, the next term has begun. This may take a lease. */
  revoke(election: ElectionName, options: RevokeOptions): Promise<RevokeResult>;
  setPaused(paused: boolean): Promise<boolean>;
}

/** A look-up that takes longer counts as failed. */
const LOOK_UP_TIMEOUT_MS = 10_000;

const soon = () => ({ init: { signal: AbortSignal.timeout(LOOK_UP_TIMEOUT_MS) } });

function routesWith(token: string | null) {
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  return hc<ElectionApp>(DEPLOYMENT_URL, { headers }).v1.groups;
}

/** The first pages of all groups whose names contain `filter`, joined into one. Rejects as the methods of `Operator` do. */
export async function allGroups(token: string | null, filter: string, pages: number): Promise<GroupsStatus> {
  const routes = routesWith(token);
  const wanted = filter === "" ? {} : { filter };
  let status = await answerOf(routes.$get({ query: wanted }, soon()));
  for (let page = 1; page < pages && status.next !== null; page++) {
    const more = await answerOf(routes.$get({ query: { ...wanted, after: status.next } }, soon()));
    status = { ...more, groups: [...status.groups, ...more.groups] };
  }
  return status;
}

/** Every method rejects with `Refused`, or with the error of the network. */
export function operatorOf(group: string, token: string | null): Operator {
  const routes = routesWith(token)[":group"];
  const param = namesInPath({ group });
  return {
    async status(pages) {
      let status = await answerOf(routes.$get({ param, query: {} }, soon()));
      for (let page = 1; page < pages && status.next !== null; page++) {
        const more = await answerOf(routes.$get({ param, query: { after: status.next } }, soon()));
        status = { ...more, elections: [...status.elections, ...more.elections] };
      }
      return status;
    },
    async history(limit) {
      const query = limit === undefined ? {} : { limit: String(limit) };
      return (await answerOf(routes.history.$get({ param, query }, soon()))).terms;
    },
    revoke: (election, json) =>
      answerOf(routes.elections[":election"].revoke.$post({ param: namesInPath({ group, election }), json })),
    setPaused: async (paused) => (await answerOf((paused ? routes.pause : routes.resume).$post({ param }))).paused,
  };
}

interface Answer<T> {
  readonly ok: boolean;
  readonly status: number;
  json(): Promise<T>;
}

async function answerOf<T>(asked: Promise<Answer<T>>): Promise<T> {
  const answer = await asked;
  if (answer.ok) return answer.json();
  const body: unknown = await answer.json().catch(() => null);
  const { code = "refused", message = "" } =
    (body as { error?: { code?: string; message?: string } } | null)?.error ?? {};
  throw new Refused(answer.status, code, message);
}
