/** The routes as `hono/client` sees them: the one description of them that dashboard and command line share. */
import { exports } from "cloudflare:workers";
import { hc } from "hono/client";
import { expect, test } from "vitest";
import type { ElectionApp } from "../../worker/index.ts";
import { freshGroup, join, ORIGIN } from "./client.ts";

const admin = hc<ElectionApp>(ORIGIN, { fetch: exports.default.fetch.bind(exports.default) });

test("every route of a group is typed: paths, bodies, queries and answers", async () => {
  const group = freshGroup();
  const { client: leader } = await join(group);
  const { leaderSessionId } = await leader.win();
  const routes = admin.v1.groups[":group"];
  const param = { group };

  const status = await (await routes.$get({ param })).json();
  expect(status.elections.map(({ election, state }) => [election, state])).toEqual([["process", "leading"]]);
  const fence = await routes.fence.$post({
    param,
    json: { component: "dispatcher", leaderSessionId, epoch: status.epoch },
  });
  expect(await fence.json()).toMatchObject({ current: true, epoch: status.epoch });
  const issued = await routes.fence.token.$post({
    param,
    json: { component: "dispatcher", leaderSessionId, epoch: status.epoch },
  });
  expect(await issued.json()).toMatchObject({ token: expect.any(String), expiresInMs: expect.any(Number) });
  expect(await (await routes.pause.$post({ param })).json()).toEqual({ paused: true });
  expect(await (await routes.resume.$post({ param })).json()).toEqual({ paused: false });
  const ordered = routes.elections[":election"].revoke.$post({
    param: { group, election: "process" },
    json: { reason: "maintenance" },
  });
  await leader.next("revoke");
  leader.send({ type: "release", leaderSessionId });
  await leader.win();
  const { from, to, epoch, durationMs } = await (await ordered).json();
  expect([from, to, epoch >= status.epoch, durationMs >= 0]).toEqual([expect.any(String), null, true, true]);
  const history = await (await routes.history.$get({ param, query: { limit: "2" } })).json();
  expect(history.terms.map(({ reason }) => reason)).toEqual([null, "revoked"]);
  expect((await routes.$delete({ param, query: { force: "true" } })).status).toBe(200);
});
