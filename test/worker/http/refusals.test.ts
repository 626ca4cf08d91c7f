/** What is refused before the group's object is touched, with an answer that names the remedy. */
import { expect, test } from "vitest";
import { createElectionApp } from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";
import { ask, connect, errorOf, freshGroup, ORIGIN, pathOf, type Server } from "../support.ts";
import { askRoute, deploy, isTouched, routes } from "./routes.ts";

test.each([
  [{ leaseMs: 1_999 }, "leaseMs (LEASE_MS) is 1999: set it to 2000..86400000 ms"],
  [{ leaseMs: Number.NaN }, "leaseMs (LEASE_MS) is NaN: set it to 2000..86400000 ms"],
  [{ drainMs: -1 }, "drainMs (DRAIN_MS) is -1: set it to 0..86400000"],
  [{ preempt: { cooldownMs: -1 } }, "preempt.cooldownMs is -1: set it to 0..9007199254740991"],
  [
    wrong({ leaseMS: 5_000 }),
    "leaseMS is unknown: the options are leaseMs, drainMs, horizonAheadMs, idleTtlMs, preempt, prefer, spread, limits, logLevel",
  ],
  [{ limits: { sessions: 0 } }, "limits.sessions is 0: set it to 1..9007199254740991"],
])("a policy that contradicts itself answers 503 with the setting and the remedy: %o", async (policy, message) => {
  const group = freshGroup();
  const server = deploy({ policy: () => policy }, "loopback");

  for (const route of routes) {
    const refused = errorOf(await askRoute(group, route, { server }));
    expect(refused).toEqual({ status: 503, code: "misconfigured", message });
  }
  await expect(connect(group, { server })).rejects.toThrow("503");
  expect(await isTouched(group)).toBe(false);
});

test("an app with an option that is unknown is not made: who is let in would not be what was meant", () => {
  expect(() => createElectionApp(wrong({ authorise: () => ({ role: "observe" }) }))).toThrow(
    "authorise is unknown: the options are authorize, policy, place",
  );
});

test("a policy that throws answers 503 with its message", async () => {
  const policy = () => {
    throw new Error("no settings for this group: add it to the table");
  };
  const server = deploy({ policy }, "loopback");

  expect(errorOf(await ask("GET", pathOf("a"), { server })).message).toBe(
    "no settings for this group: add it to the table",
  );
});

/** A namespace whose objects fail with what the platform throws. */
const failing = (marks: object): Server => {
  const fail = async (): Promise<never> => {
    throw Object.assign(new Error("of the platform"), marks);
  };
  const stub = new Proxy({}, { get: () => fail });
  const app = createElectionApp();
  const ELECTIONS = { idFromName: () => "id", get: () => stub };
  return (request) => app.fetch(request, wrong({ ELECTIONS, OPEN_MODE: "loopback", FENCE_SECRET: "x".repeat(32) }));
};

test("[E9] where the group is overloaded every route says when to ask again, and a socket is closed with 1013", async () => {
  const server = failing({ overloaded: true, retryable: true });

  for (const [method, rest, body] of routes) {
    const init = { method, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const answer = await server(new Request(`${ORIGIN}${pathOf("a", rest)}`, init));
    expect([rest, answer.status, answer.headers.get("Retry-After")]).toEqual([rest, 503, "10"]);
    expect(await answer.json()).toMatchObject({ error: { code: "overloaded" } });
  }
  const { closed, protocol } = await connect("a", { server });
  expect(await closed).toMatchObject({ code: 1013, reason: expect.stringContaining("try again later") });
  expect(protocol).toBe("edge-election.v1");
});

test("a group that fails otherwise says nothing of when to ask again", async () => {
  const server = failing({ retryable: true });
  const answer = await server(new Request(`${ORIGIN}${pathOf("a")}`));

  expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, null]);
  expect(await answer.json()).toMatchObject({ error: { code: "unavailable" } });
  await expect(connect("a", { server })).rejects.toThrow("503");
});

test.each(["%20", "a%20b", "%C3%A4", "%zz", "x".repeat(129), "a%2F%2E%2E%20", "%00"])(
  "the group '%s' is refused with 400, its sockets with 4400",
  async (group) => {
    for (const [method, rest] of routes) {
      const refused = errorOf(await ask(method, `/v1/groups/${group}${rest}`));
      expect(refused).toMatchObject({ status: 400, code: "invalid_argument" });
      expect(refused.message).toMatch(/^group must be 1-128 characters .*; it is "/);
    }
    const request = new Request(`http://127.0.0.1/v1/groups/${group}/session`, {
      headers: { Upgrade: "websocket", Origin: "http://127.0.0.1" },
    });
    const closed = await connect("-", { server: () => deploy({}, "loopback")(request) });
    expect(await closed.closed).toMatchObject({ code: 4400 });
  },
);

test.each([
  ["POST", "/fence", {}, "component"],
  ["POST", "/fence", { component: "a b", leaderSessionId: "l", epoch: 1 }, "component"],
  ["POST", "/fence", { component: "a", leaderSessionId: null, epoch: 1 }, "leaderSessionId"],
  ["POST", "/fence", { component: "a", leaderSessionId: "l" }, "epoch"],
  ["POST", "/fence", { component: "a", leaderSessionId: "l", epoch: "1" }, "epoch"],
  ["POST", "/fence", { component: "a", leaderSessionId: "l", epoch: -1 }, "epoch"],
  ["POST", "/fence", "", "component"],
  ["POST", "/fence", "{", "body"],
  ["POST", "/fence", "[]", "message"],
  ["POST", "/fence/token", { component: "a b", leaderSessionId: "l", epoch: 1 }, "component"],
  ["POST", "/fence/token", { component: "a", leaderSessionId: "l", epoch: "1" }, "epoch"],
  ["POST", "/fence/token", { component: "a", epoch: 1 }, "leaderSessionId"],
  ["POST", "/elections/process/revoke", { successor: null }, "successor"],
  ["POST", "/elections/process/revoke", { successor: 1 }, "successor"],
  ["POST", "/elections/process/revoke", { reason: null }, "reason"],
  ["POST", "/elections/process/revoke", { reason: "x".repeat(257) }, "reason"],
  ["POST", "/elections/process/revoke", "null", "message"],
  ["POST", "/elections/unknown/revoke", {}, "election"],
  ["POST", "/elections/component%3A/revoke", {}, "election"],
  ["POST", "/elections/component%3Aa%20b/revoke", {}, "election"],
  ["GET", "/leaders/a%20b", undefined, "component"],
  ["GET", "/history?limit=0", undefined, "limit"],
  ["GET", "/history?limit=1001", undefined, "limit"],
  ["GET", "/history?limit=many", undefined, "limit"],
  ["GET", "/history?limit=", undefined, "limit"],
])("%s %s with %j is refused with 400, and the message names %s", async (method, rest, body, field) => {
  const group = freshGroup();
  const refused = errorOf(await ask(method, pathOf(group, rest), body === undefined ? {} : { body }));

  expect(refused).toMatchObject({ status: 400, code: "invalid_argument" });
  expect(refused.message).toMatch(new RegExp(`^${field} must be `));
  expect(await isTouched(group)).toBe(false);
});

test.each(["/fence", "/fence/token", "/elections/process/revoke"])(
  "a body of more than 16384 bytes is refused with 413: %s",
  async (rest) => {
    const body = JSON.stringify({ component: "a", leaderSessionId: "l", epoch: 1, unknown: "x".repeat(16_384) });

    expect(errorOf(await ask("POST", pathOf(freshGroup(), rest), { body }))).toMatchObject({
      status: 413,
      code: "too_large",
    });
  },
);

test.each(["/v1", "/v1/groups/", "/v2/groups/a", "/v1/groups/a/unknown", "/v1/groups/../a", "/v1/groups/a/leaders"])(
  "there is nothing at %s",
  async (path) => {
    const server = deploy({}, "loopback"); // the app alone: the default Worker has a page at /
    expect(errorOf(await ask("GET", path, { server }))).toMatchObject({ status: 404, code: "not_found" });
  },
);

test.each([
  ["POST", "/healthz", "GET"],
  ["PUT", "/v1/groups/a", "GET, DELETE"],
  ["POST", "/v1/groups/a", "GET, DELETE"],
  ["PATCH", "/v1/groups/a/leaders/b", "GET"],
  ["GET", "/v1/groups/a/fence", "POST"],
  ["GET", "/v1/groups/a/fence/token", "POST"],
  ["GET", "/v1/groups/a/elections/process/revoke", "POST"],
  ["DELETE", "/v1/groups/a/history", "GET"],
  ["GET", "/v1/groups/a/pause", "POST"],
  ["GET", "/v1/groups/a/resume", "POST"],
  ["OPTIONS", "/v1/groups/a/session", "GET"],
])("%s %s is refused with 405 and Allow: %s", async (method, path, allowed) => {
  const answer = await ask(method, path);

  expect(errorOf(answer)).toMatchObject({ status: 405, code: "method_not_allowed" });
  expect(answer.headers.get("Allow")).toBe(allowed);
});
