/** What the tests of the Worker share: peers over real sockets, HTTP requests, the object from inside, and its clock. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { onTestFinished, vi } from "vitest";
import { askTimeoutFor, leaseFor } from "../../shared/lease.ts";
import type { Hello, Welcome } from "../../shared/protocol/messages.ts";
import { LivePeer } from "../../tools/harness/live-peer.ts";
import { tokenFor } from "../../tools/harness/tokens.ts";
import type { HostCounters } from "../../worker/host/counters.ts";
import {
  createElectionApp,
  type ElectionAppOptions,
  type ElectionGroup,
  type ElectionStatus,
  type Elections,
  type GroupStatus,
  type PolicyOptions,
} from "../../worker/index.ts";

/** The D that `vitest.config.ts` sets. */
export const LEASE_MS = 2_000;
export const ASK_TIMEOUT_MS = askTimeoutFor(leaseFor(LEASE_MS));
/** How far renewals may drift off their beat in a lease. */
export const SLACK_MS = 40;
/** W: how far beyond the lease its horizon is written. */
export const AHEAD_MS = LEASE_MS + SLACK_MS;
/** How long after a lease the group looks by itself, while the next candidate is to speak then: min(2 D, W). */
export const NET_MS = Math.min(2 * LEASE_MS, AHEAD_MS);
export const SUBPROTOCOL = "edge-election.v1";
export const ORIGIN = "http://127.0.0.1:8787";

const HOUR_MS = 3_600_000;
/** Far behind every time that `stopClock` leads to. */
const tokenEndsAt = Math.ceil(Date.now() / 1_000) * 1_000 + 10 * HOUR_MS;
/** So much later than it says a token is refused: the clock of whoever made it may differ. */
const TOKEN_LEEWAY_MS = 30_000;
/** An admin's token for the deployment of the tests, and when it is refused. */
export const TOKEN = tokenFor("admin", { endsAt: tokenEndsAt, secret: env.AUTH_SECRET ?? "" });
export const TOKEN_ENDS_AT = tokenEndsAt + TOKEN_LEEWAY_MS;

/** Answers requests like the Worker: the deployed one, or an app that a test has made. */
export type Server = (request: Request) => Response | Promise<Response>;

/** Everything that shows no token of its own shows an admin's. */
export const withToken =
  (server: Server): Server =>
  (request) => {
    if (request.headers.has("Authorization")) return server(request);
    const headers = new Headers(request.headers);
    headers.set("Authorization", `Bearer ${TOKEN}`);
    return server(new Request(request, { headers }));
  };

const deployed = withToken((request) => exports.default.fetch(request));

/** An app with a policy of its own, deployed like the one of the tests. */
export function serverWith(policy: PolicyOptions, options: Omit<ElectionAppOptions, "policy"> = {}): Server {
  const app = createElectionApp({ policy: () => policy, ...options });
  return withToken((request) => app.fetch(request, env));
}

let groups = 0;
/** A group of the test's own. */
export const freshGroup = (label = "group"): string => {
  groups += 1;
  return `${label}-${groups}`;
};

export const objectOf = (group: string): DurableObjectStub<ElectionGroup> =>
  env.ELECTIONS.get(env.ELECTIONS.idFromName(group));

/** The group's methods by RPC, as the entrypoint of a service binding with these props gives them. */
export const serviceWith = (props: object = {}): Elections =>
  exports.ElectionsEntrypoint({ props }) as unknown as Elections;

export const pathOf = (group: string, rest = ""): string => `/v1/groups/${encodeURIComponent(group)}${rest}`;

// The object from inside

/** What the group's object has counted between the start and the end of `work`, within one incarnation. */
export async function counted(group: string, work: () => Promise<unknown>): Promise<HostCounters> {
  const before = await objectOf(group).counters();
  await work();
  const after = await objectOf(group).counters();
  return {
    wakes: after.wakes - before.wakes,
    upgrades: after.upgrades - before.upgrades,
    framesIn: after.framesIn - before.framesIn,
    framesOut: after.framesOut - before.framesOut,
    rowsWritten: after.rowsWritten - before.rowsWritten,
    commits: after.commits - before.commits,
    alarms: after.alarms - before.alarms,
  };
}

/** The first election of the group as its status shows it. */
export async function electionOf(group: string): Promise<ElectionStatus | undefined> {
  return (await statusOf(group)).elections[0];
}

export const statusOf = (group: string): Promise<GroupStatus> =>
  objectOf(group).status({ policy: { leaseMs: LEASE_MS } });

export type Row = Record<"key" | "sequence" | "row", SqlStorageValue>;

/** Every row that the group has stored, by its kind; nothing at all for a group that has stored nothing. */
export function rowsOf(group: string): Promise<Record<string, Row[]>> {
  return runInDurableObject(objectOf(group), (_, { storage: { sql } }) => {
    const tables = sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray();
    const rows = tables.flatMap(({ name }) => sql.exec<Row>(`SELECT * FROM ${name}`).toArray());
    return Object.fromEntries(Map.groupBy(rows, ({ key }) => String(key).split("/", 1)[0] ?? ""));
  });
}

/** When the platform will call the object's alarm. */
export const alarmOf = (group: string): Promise<number | null> =>
  runInDurableObject(objectOf(group), (_, { storage }) => storage.getAlarm());

/** Calls the alarm now, whenever it is due. False where none is set. */
export const fireAlarm = (group: string): Promise<boolean> => runDurableObjectAlarm(objectOf(group));

// Time

const FAR_MS = HOUR_MS;
let isClockStopped = false;
/**
 * Stops the wall clock of the object and of the test until the test ends; the function that it gives back moves it on.
 * It stands far ahead of the real time, so that no alarm comes by itself: `fireAlarm` brings it. Peers that connect
 * meanwhile have no timers: they only answer.
 */
export function stopClock(): (milliseconds: number) => void {
  let now = Date.now() + FAR_MS;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => now);
  isClockStopped = true;
  onTestFinished(() => {
    isClockStopped = false;
    clock.mockRestore();
  });
  return (milliseconds) => {
    now += milliseconds;
  };
}

// Requests

export interface Ask {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly origin?: string;
  readonly server?: Server;
}

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, of the shape that the test names, or the text where it is none. */
  readonly body: Body;
}

/** One HTTP request, its answer read to the end. A body that is no text is sent as JSON. */
export async function ask<Body = unknown>(method: string, path: string, options: Ask = {}): Promise<Answer<Body>> {
  const { body, headers = {}, origin = ORIGIN, server = deployed } = options;
  const content = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  const init = { method, headers, ...(content !== undefined && { body: content }) };
  const response = await server(new Request(`${origin}${path}`, init));
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.includes("json") === true;
  return { status: response.status, headers: response.headers, body: JSON.parse(isJson ? text : JSON.stringify(text)) };
}

/** The code of an error answer. */
export const errorOf = ({ status, body }: Answer): { status: number; code: unknown; message: string } => {
  const error: unknown = typeof body === "object" && body !== null && "error" in body ? body.error : {};
  const has = typeof error === "object" && error !== null && "code" in error && "message" in error;
  return { status, code: has ? error.code : null, message: has ? String(error.message) : "" };
};

// Sockets

export interface Connect {
  readonly protocols?: readonly string[];
  readonly headers?: Record<string, string>;
  readonly origin?: string;
  readonly server?: Server;
}

/** A peer over a socket that an upgrade has given. */
function peerOf(response: Response): Connected {
  const { webSocket } = response;
  if (webSocket === null) throw new Error(`The upgrade was refused with ${response.status}`);
  const peer = new LivePeer(webSocket);
  peer.isHeldUp = isClockStopped;
  webSocket.addEventListener("close", ({ code, reason }) => peer.end({ code, reason }));
  webSocket.addEventListener("message", ({ data }) => peer.receive(data));
  webSocket.accept();
  return Object.assign(peer, { protocol: response.headers.get("Sec-WebSocket-Protocol") });
}

/** `protocol`: the subprotocol that the server has chosen. */
export type Connected = LivePeer & { readonly protocol: string | null };

/** Opens a socket to the group. */
export async function connect(group: string, options: Connect = {}): Promise<Connected> {
  const { protocols = [SUBPROTOCOL], headers = {}, origin = ORIGIN, server = deployed } = options;
  const offered: Record<string, string> =
    protocols.length === 0 ? {} : { "Sec-WebSocket-Protocol": protocols.join(", ") };
  const request = new Request(`${origin}${pathOf(group, "/session")}`, {
    headers: { Upgrade: "websocket", Origin: origin, ...offered, ...headers },
  });
  return peerOf(await server(request));
}

export interface Joined {
  readonly client: Connected;
  readonly welcome: Welcome;
}

/** Opens a socket and sends a hello, by default with one contender in the process election. */
export async function join(group: string, hello: Partial<Hello> = {}, options: Connect = {}): Promise<Joined> {
  const client = await connect(group, options);
  const welcome = await client.hello({ contenders: [{ component: "dispatcher" }], ...hello });
  return { client, welcome };
}

/** Resumes the session of an earlier `welcome`, by default as the first attempt with the same single contender. */
export const resume = (
  group: string,
  { sessionId, secret }: Pick<Welcome, "sessionId" | "secret">,
  { attempt = 1, ...hello }: Partial<Hello> & { readonly attempt?: number } = {},
  options: Connect = {},
): Promise<Joined> => join(group, { resume: { sessionId, secret, attempt }, ...hello }, options);
