/**
 * Random requests: every route and some that there are not, with odd paths, methods, bodies, headers and tokens. A status
 * of the server's own failure, or no answer, is a finding, reported with the seed that replays it.
 */
import { Agent, type IncomingMessage, request as send } from "node:http";
import fc from "fast-check";
import type { Tally } from "./tally.ts";
import { SECRET, tokenFor } from "./tokens.ts";

/** The path is sent as it is. */
interface AnyRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Percent-encoded or not, valid or not, of groups, elections and components. */
const odd = fc.oneof(
  fc.constantFrom(
    "..",
    ".",
    "%2e%2e",
    "%2E%2E%2Fvictim",
    "a%2F..%2Fb",
    "a%00b",
    "%",
    "%zz",
    "%ff%fe",
    "%ED%A0%80",
    "%E2%80%AE",
    "\u00e4",
    "a%20b",
    "__proto__",
    "constructor",
    "",
    "x".repeat(129),
    "y".repeat(5_000),
    ";a=b",
    "a%0d%0aX-Evil:1",
    "*",
  ),
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ""))),
  fc.stringMatching(/^[!-~]{0,20}$/).map((text) => text.replace(/[?#/]/g, "")),
);
const group = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("fuzzed", "fuzzed-a", "fuzzed%2Fb", "unused") },
  { weight: 1, arbitrary: odd },
);
const election = fc.oneof(fc.constantFrom("process", "component:x", "component%3Ax", "component:"), odd);
const component = fc.oneof(fc.constantFrom("x", "constructor", "a%2Fb"), odd);
const number = fc.oneof(
  fc.constantFrom("0", "-1", "1e308", "1e999", "NaN", "Infinity", "0x10", "9007199254740993", "1001", "", "a", "1,2"),
  fc.double().map(String),
);
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom("after", "from", "limit", "force", "purge", "__proto__", "a[b]"), fc.oneof(number, odd))
      .map(([name, value]) => `?${name}=${value}`),
  },
  { weight: 1, arbitrary: fc.constantFrom("?", "?=", "?&&&", "?limit=1&limit=2", `?after=${"z".repeat(2_000)}`, "?%") },
);

const path = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(
        group,
        fc.oneof(
          fc.constantFrom("", "/", "/session", "/fence", "/fence/token", "/history", "/metrics", "/pause", "/resume"),
          election.map((name) => `/elections/${name}`),
          election.map((name) => `/elections/${name}/revoke`),
          component.map((name) => `/leaders/${name}`),
          odd.map((name) => `/${name}`),
        ),
        query,
      )
      .map((parts) => "/v1/groups/".concat(...parts)), // as it is, so not by `groupPath`
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "/",
      "/healthz",
      "/dashboard",
      "/dashboard/",
      "/demo/contender?group=a",
      "/v1",
      "//",
      "/v1/groups",
    ),
  },
  { weight: 1, arbitrary: fc.array(odd, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`) },
);

/** All that the runtime knows, and what the Worker knows more often. `CONNECT` never reaches the Worker. */
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("GET", "POST", "DELETE") },
  { weight: 1, arbitrary: fc.constantFrom("HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "SEARCH", "PURGE") },
);

const json = fc.oneof(
  fc.constantFrom(
    "",
    "{}",
    "null",
    "[]",
    "{",
    "\u0000",
    '"x"',
    "1e999",
    '{"component":"x","leaderSessionId":"l","epoch":1}',
    '{"component":"x","leaderSessionId":"l","epoch":1e999}',
    '{"component":"x","leaderSessionId":"l","epoch":-1}',
    '{"component":"__proto__","leaderSessionId":"\\ud800","epoch":9007199254740993}',
    '{"__proto__":{"epoch":1}}',
    '{"reason":"\\u202e\\u0000","successor":"somebody-else"}',
    `{"reason":"${"r".repeat(5_000)}"}`,
    `{"reason":"${"r".repeat(20_000)}"}`,
    "[".repeat(10_000),
    '{"a":'.repeat(2_000),
  ),
  fc.json(),
  fc.string({ unit: "binary", maxLength: 60 }),
);

const isBodyless = (name: string): boolean => ["GET", "HEAD", "OPTIONS", "TRACE"].includes(name);

/** Made once: to sign one takes longer than to send it. */
function tokens(): readonly string[] {
  const good = tokenFor("contend");
  const [header = "", payload = "", signature = ""] = good.split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  return [
    ...(["observe", "contend", "admin"] as const).map((role) => tokenFor(role, { subject: "fuzz" })),
    tokenFor("admin"),
    tokenFor("contend", { components: ["x"], subject: "limited" }),
    tokenFor("admin", { groups: ["another"] }),
    tokenFor("observe", { groups: ["fuzzed*"] }),
    tokenFor("admin", { endsAt: 1_000 }),
    tokenFor("admin", { secret: SECRET.toUpperCase() }),
    `${header}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${header}.${payload}.${"A".repeat(43)}`,
    "x",
    "...",
    "x".repeat(8_000),
    "x".repeat(9_000),
  ];
}

const headersWith = (all: readonly string[]): fc.Arbitrary<Record<string, string>> =>
  fc
    .tuple(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.constantFrom(...all.slice(0, 5)).map((token) => ({ Authorization: `Bearer ${token}` })),
        },
        { weight: 2, arbitrary: fc.constantFrom(...all).map((token) => ({ Authorization: `Bearer ${token}` })) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Record<string, string>>(
            {},
            { Authorization: "" },
            { Authorization: "Basic YTpi" },
            { Authorization: "Bearer" },
            { "Sec-WebSocket-Protocol": "edge-election.v1, bearer.%%%" },
          ),
        },
      ),
      fc.oneof(
        { weight: 6, arbitrary: fc.constant({}) },
        {
          weight: 2,
          arbitrary: fc.constantFrom<Record<string, string>>(
            { Origin: "https://evil.example" },
            { Origin: "null" },
            { "Content-Type": "application/json; charset=utf-7" },
            { "Content-Type": "\u00ff" },
            { Range: "bytes=0-1" },
            { "X-Forwarded-For": "1.2.3.4" },
            { "CF-Connecting-IP": "::1::2" },
            { "Edge-Election-Access": '{"role":"admin"}' },
            { "Edge-Election-Policy": "{" },
            { Expect: "100-continue" },
            { Cookie: "c".repeat(4_000) },
          ),
        },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Record<string, string>>(
            {
              Connection: "Upgrade",
              Upgrade: "websocket",
              "Sec-WebSocket-Version": "13",
              "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            },
            { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "1" },
            { Connection: "Upgrade", Upgrade: "h2c" },
            {
              Connection: "Upgrade",
              Upgrade: "websocket",
              "Sec-WebSocket-Version": "13",
              "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
              "Sec-WebSocket-Protocol": "edge-election.v999",
            },
          ),
        },
      ),
    )
    .map(([credentials, others]) => ({ ...others, ...credentials }));

/** The method that the path takes, where it takes any. */
const methodOf = (asked: string): string =>
  /\/(?:revoke|pause|resume|fence|token)(?:$|\?)/.test(asked) ? "POST" : "GET";

const anyRequest = (): fc.Arbitrary<AnyRequest> =>
  fc
    .record({ method, path, headers: headersWith(tokens()), body: json, fits: fc.boolean() })
    .map(({ fits, ...request }) => (fits ? { ...request, method: methodOf(request.path) } : request))
    .map((request) => (isBodyless(request.method) ? { ...request, body: "" } : request));

const SAMPLE = 1_000;
const LANES = 8;

function* requestsFrom(seed: number): Generator<AnyRequest> {
  const arbitrary = anyRequest();
  for (let pool = seed; ; pool += 1) yield* fc.sample(arbitrary, { numRuns: SAMPLE, seed: pool });
}

/** Goes on as long as `running` says so. Counts each status, and each request that had no answer, with the reason. */
export async function fuzzRequests(url: string, seed: number, tally: Tally, running: () => boolean): Promise<void> {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  const requests = requestsFrom(seed);
  let number = 0;
  const lane = async (): Promise<void> => {
    while (running()) {
      const { value } = requests.next();
      if (value === undefined) return;
      number += 1;
      const mine = number;
      const outcome = await answerTo(value, { hostname, port, agent });
      tally.add("requests");
      tally.add(outcome);
      if (/^status 5/.test(outcome))
        tally.add(`finding: seed ${seed}, request ${mine}: ${outcome} to ${JSON.stringify(value).slice(0, 600)}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  agent.destroy();
}

interface Line {
  readonly hostname: string;
  readonly port: string;
  readonly agent: Agent;
}

/** In words: the status, or why there was none. */
function answerTo({ method: name, path: asked, headers, body }: AnyRequest, line: Line): Promise<string> {
  return new Promise((resolve) => {
    const length = body === "" ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
    const request = send({ ...line, method: name, path: latin(asked), headers: { ...headers, ...length } });
    const end = (response: IncomingMessage): void => {
      response.resume().on("close", () => resolve(`status ${response.statusCode}`));
    };
    request.on("response", end);
    request.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(`status ${response.statusCode}`);
    });
    request.on("error", (error: NodeJS.ErrnoException) => resolve(`no answer: ${error.code ?? error.message}`));
    request.end(body);
  });
}

/** What Node agrees to send in the first line. */
const latin = (text: string): string => text.replace(/[^\u0021-\u00ff]/g, "%20");
