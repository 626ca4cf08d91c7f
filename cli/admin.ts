/** Requests to a group over HTTP, typed by the routes of the Worker's own app. */
import { setTimeout as sleep } from "node:timers/promises";
import { type ClientResponse, hc } from "hono/client";
import { legible } from "../shared/legible.ts";
import { type ElectionName, isElectionName, isName } from "../shared/protocol/names.ts";
import { namesInPath } from "../shared/protocol/paths.ts";
import type { ElectionStatus, GroupStatus, GroupsStatus } from "../shared/protocol/status.ts";
import { retryAfterMs } from "../shared/remote/http.ts";
import type { ElectionApp } from "../worker/index.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { askToken, type ConnectionOptions, tokenSource } from "./options.ts";

/** Longer than a revoke can take with the default lease and drain time. */
const PATIENCE_MS = 120_000;
/** The shortest wait before a group is asked again, even if it names a shorter one. */
const LEAST_WAIT_MS = 1_000;

/** The typed routes of a group. */
export const groupRoutes = (connection: ConnectionOptions) => routesOf(connection).groups[":group"];

function routesOf(connection: ConnectionOptions) {
  const source = tokenSource(connection);
  const headers = async (): Promise<Record<string, string>> => {
    const token = await askToken(source);
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  };
  const base = connection.url.replace(/^ws/, "http").replace(/\/$/, "");
  return hc<ElectionApp>(base, { headers, fetch: patiently }).v1;
}

/** Repeats a look-up when an overloaded group says. An order is never repeated: it might be carried out twice. */
async function patiently(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (let leftMs = PATIENCE_MS; ; ) {
    const response = await fetch(input, { ...init, signal });
    const waitMs = retryAfterMs(response.headers.get("retry-after"));
    if (waitMs === undefined || waitMs >= leftMs || init?.method !== "GET") return response;
    leftMs -= Math.max(waitMs, LEAST_WAIT_MS);
    await response.body?.cancel();
    await sleep(Math.max(waitMs, LEAST_WAIT_MS));
  }
}

/** The body of a successful answer. */
type BodyOf<Answer> = Answer extends ClientResponse<infer Body, number, "json"> ? Body : never;

/** Resolves with the body of a successful answer. Rejects with a failure that names the remedy otherwise. */
export async function answerOf<Answer extends ClientResponse<unknown, number, string>>(
  { url }: ConnectionOptions,
  request: Promise<Answer>,
): Promise<BodyOf<Answer>> {
  const response = await request.catch((cause: unknown) => {
    throw cause instanceof CommandFailure ? cause : unreachable(url, cause);
  });
  if (!response.ok) throw refusal(url, response, await problemOf(() => response.json()));
  return response.json().catch((cause: unknown) => {
    throw stranger(url, cause);
  }) as Promise<BodyOf<Answer>>;
}

export const unreachable = (url: string, cause?: unknown): CommandFailure =>
  new CommandFailure(`${url} can't be reached${reason(cause)}`, {
    exitCode: EXIT.unreachable,
    code: "unreachable",
    remedy: "Start a backend with `edge-election dev`, or set --url (EDGE_ELECTION_URL) to the address of yours.",
    cause,
  });

function reason(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { cause } = error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return ` (${cause.code})`;
  return error.name === "TimeoutError" ? ` (no answer within ${PATIENCE_MS / 1_000} s)` : "";
}

const stranger = (url: string, cause?: unknown): CommandFailure =>
  new CommandFailure(`${url} answers, but it is not a backend of edge-election`, {
    exitCode: EXIT.unreachable,
    code: "not_a_backend",
    remedy: "Set --url (EDGE_ELECTION_URL) to the address under which the Worker is mounted.",
    cause,
  });

interface Problem {
  readonly code: string;
  readonly message: string;
}

async function problemOf(read: () => Promise<unknown>): Promise<Problem | undefined> {
  const body = await read().catch(() => undefined);
  if (typeof body !== "object" || body === null || !("error" in body)) return undefined;
  const { error } = body;
  if (typeof error !== "object" || error === null || !("code" in error && "message" in error)) return undefined;
  return { code: String(error.code), message: legible(String(error.message)) };
}

function refusal(
  url: string,
  { status, headers }: Pick<Response, "status" | "headers">,
  problem: Problem | undefined,
): CommandFailure {
  if (problem === undefined || problem.code === "not_found") return stranger(url);
  const { code, message } = problem;
  const { exitCode, remedy: known } = answers[status] ?? { exitCode: EXIT.unexpected };
  const waitMs = retryAfterMs(headers.get("retry-after"));
  const remedy = waitMs === undefined ? known : `Try again in ${waitMs / 1_000} s.`;
  return new CommandFailure(message, { exitCode, code, ...(remedy !== undefined && { remedy }) });
}

const answers: Readonly<Record<number, { readonly exitCode: number; readonly remedy?: string }>> = {
  400: { exitCode: EXIT.usage },
  401: {
    exitCode: EXIT.refused,
    remedy: "Set EDGE_ELECTION_TOKEN or --token-file; `edge-election token` issues tokens.",
  },
  403: {
    exitCode: EXIT.refused,
    remedy: "Use a token that grants the role and the group: `edge-election token --role ... --group ...`.",
  },
  404: { exitCode: EXIT.conflict },
  409: { exitCode: EXIT.conflict, remedy: "`edge-election status` shows the state of the group." },
  413: { exitCode: EXIT.usage },
  429: { exitCode: EXIT.unreachable, remedy: "Wait a moment, and try again." },
  503: { exitCode: EXIT.unreachable, remedy: "Try again; the backend's log says more." },
};

/** The first page of the group's state. Rejects if this token may not read it. */
export const firstStatusOf = (connection: ConnectionOptions, group: string): Promise<GroupStatus> =>
  statusAfter(connection, group, null);

/** More than a group has; a backend that never comes to an end must not keep a command for ever. */
const MOST_PAGES = 1_000;

/** The state of the group with all its elections, page by page. */
export async function statusOf(connection: ConnectionOptions, group: string): Promise<GroupStatus> {
  let status = await statusAfter(connection, group, null);
  for (let page = 1; page < MOST_PAGES && isElectionName(status.next); page++) {
    const more = await statusAfter(connection, group, status.next);
    status = { ...more, elections: [...status.elections, ...more.elections] };
  }
  return status;
}

/** All groups that the index lists and this token may see, page by page; those whose names contain `filter`. */
export async function groupsOf(connection: ConnectionOptions, filter?: string): Promise<GroupsStatus> {
  const pageAfter = (after: string | null): Promise<GroupsStatus> => {
    const query = { ...(filter !== undefined && { filter }), ...(after !== null && { after }) };
    return answerOf(connection, routesOf(connection).groups.$get({ query }));
  };
  let status = await pageAfter(null);
  for (let page = 1; page < MOST_PAGES && isName(status.next); page++) {
    const more = await pageAfter(status.next);
    status = { ...more, groups: [...status.groups, ...more.groups] };
  }
  return status;
}

const statusAfter = (connection: ConnectionOptions, group: string, after: ElectionName | null): Promise<GroupStatus> =>
  answerOf(
    connection,
    groupRoutes(connection).$get({ param: namesInPath({ group }), query: after === null ? {} : { after } }),
  );

/** One election, with its candidates from the one at `from` on. */
export const electionStatusOf = (
  connection: ConnectionOptions,
  { group, election, from = 0 }: { readonly group: string; readonly election: ElectionName; readonly from?: number },
): Promise<ElectionStatus> =>
  answerOf(
    connection,
    groupRoutes(connection).elections[":election"].$get({
      param: namesInPath({ group, election }),
      query: { from: String(from) },
    }),
  );

/** One election with all its candidates, page by page. */
export async function wholeElectionOf(
  connection: ConnectionOptions,
  place: { readonly group: string; readonly election: ElectionName },
): Promise<ElectionStatus> {
  const status = await electionStatusOf(connection, place);
  const candidates = [...status.candidates];
  for (let page = 1; page < MOST_PAGES && candidates.length < status.waiting; page++) {
    const more = await electionStatusOf(connection, { ...place, from: candidates.length });
    if (more.candidates.length === 0) break; // some have left meanwhile
    candidates.push(...more.candidates);
  }
  return { ...status, candidates };
}
