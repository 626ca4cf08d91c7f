/** The routes as `hono/client` sees them: the one description of them that dashboard and command line share. */
import { exports } from "cloudflare:workers";
import { hc } from "hono/client";
import { expect, test } from "vitest";
import type { ElectionApp } from "../../../worker/index.ts";
import { freshGroup, join, ORIGIN, TOKEN } from "../support.ts";

const admin = hc<ElectionApp>(ORIGIN, {
  fetch: exports.default.fetch.bind(exports.default),
  headers: { Authorization: `Bearer ${TOKEN}` },
});

/** Answers are taken apart, not matched: an answer without a type would not compile. */
test("every route of a group is typed: paths, bodies, queries and answers", async () => {
  const group = freshGroup();
  const { client: leader } = await join(group);
  const { leaderSessionId } = await leader.win();
  const routes = admin.v1.groups[":group"];
  const param = { group };

  const status = await (await routes.$get({ param, query: {} })).json();
  expect(status.elections.map(({ election, state }) => [election, state])).toEqual([["process", "leading"]]);
  const fence = await routes.fence.$post({
    param,
    json: { component: "dispatcher", leaderSessionId, epoch: status.epoch },
  });
  const { current, draining, epoch: fencedEpoch, remainingMs } = await fence.json();
  expect([current, draining, fencedEpoch, remainingMs > 0]).toEqual([true, false, status.epoch, true]);
  const issued = await routes.fence.token.$post({
    param,
    json: { component: "dispatcher", leaderSessionId, epoch: status.epoch },
  });
  const { token, expiresInMs } = await issued.json();
  expect([token.split(".").length, expiresInMs > 0]).toEqual([3, true]);
  leader.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId, address: "tcp://one" });
  await leader.next("confirmed");
  const looked = await routes.leaders[":component"].$get({ param: { group, component: "dispatcher" } });
  const { component, address, epoch: leaderEpoch } = await looked.json();
  expect([component, address, leaderEpoch]).toEqual(["dispatcher", "tcp://one", status.epoch]);
  expect(await (await routes.metrics.$get({ param })).text()).toContain("edge_election_terms_started_total");
  expect(await (await routes.pause.$post({ param })).json()).toEqual({ paused: true });
  expect(await (await routes.resume.$post({ param })).json()).toEqual({ paused: false });
  const ordered = routes.elections[":election"].revoke.$post({
    param: { group, election: "process" },
    json: { reason: "maintenance" },
  });
  await leader.next("revoke");
  leader.send({ type: "release", leaderSessionId });
  await leader.win();
  const { from, to, epoch, durationMs, passedOver } = await (await ordered).json();
  expect([to, epoch >= status.epoch, durationMs >= 0, passedOver]).toEqual([null, true, true, undefined]);
  expect(from).toBe(status.elections[0]?.leader?.sessionId);
  const history = await (await routes.history.$get({ param, query: { limit: "2" } })).json();
  expect(history.terms.map(({ reason }) => reason)).toEqual([null, "revoked"]);
  expect((await routes.$delete({ param, query: {} })).status).toBe(409);
  const { ok } = await (await routes.$delete({ param, query: { force: "true" } })).json();
  expect(ok).toBe(true);
});
