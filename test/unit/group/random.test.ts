import fc from "fast-check";
import { expect, test } from "vitest";
import type { EventBody } from "../../../worker/group/events.ts";
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import { rowChanges, save } from "../../../worker/group/rows.ts";
import { transition } from "../../../worker/group/transition.ts";
import { expectSame, expectTrue } from "./consistency.ts";
import { acceptAll, type Move, moves } from "./moves.ts";
import { byKey } from "./storage.ts";
import { GroupWorld } from "./world.ts";

/** `GROUP_RUNS=5000 npx vitest run --project unit random` for a long look. */
const numRuns = Number(process.env["GROUP_RUNS"] ?? 100);
const policies = fc.constantFrom<PolicyOptions>(
  { drainMs: 3_000 },
  { drainMs: 3_000, preempt: { cooldownMs: 4_000 } },
  { drainMs: 3_000, spread: true },
  { drainMs: 3_000, spread: true, prefer: { metadata: "version", order: "newest" }, preempt: { cooldownMs: 4_000 } },
);

/** Plays a history; `GroupWorld` judges every step. */
function play(options: PolicyOptions, history: readonly Move[]): GroupWorld {
  const group = new GroupWorld(options);
  for (const name of ["a", "b"]) {
    group.join(name, { contenders: ["x", "y", { component: "d", election: "dedicated" }], observe: true });
  }
  group.poller("p");
  group.poller("q", [{ component: "x" }, { component: "d", election: "dedicated" }]);
  for (const { to } of history) {
    to(group);
    group.goBack();
  }
  group.listSockets();
  return group;
}

test("[S1] [S2] [S5] [S7] [O4] in any order of events: one leader each, epochs that grow, records of leaders, mirrors that are true", () => {
  fc.assert(
    fc.property(policies, moves, (options, history) => void play(options, history)),
    { numRuns },
  );
});

test("[S12] after any history, a group that everybody has left for long enough keeps nothing", () => {
  fc.assert(
    fc.property(policies, moves, fc.boolean(), (options, history, politely) => {
      const group = play(options, history);
      for (const peer of group.peers) {
        if (politely && peer.wire?.open && peer.sessionId !== "") peer.bye();
        else peer.drop();
      }
      group.dropAll();
      group.advance(60_000);
      group.tick();
      expect(group.stored.rows).toMatchObject({ sessions: [], elections: [], records: [] });
      const { components, published, terms, connections, silent, polled } = group.state;
      for (const map of [components, published, terms, connections, silent, polled]) expect(map.size).toBe(0);
      const { watchersOfAll, deadlines, awaited, lost } = group.state;
      for (const map of [watchersOfAll, deadlines, awaited, lost]) expect(map.size).toBe(0);
      expect(group.alarm()).toBeNull();
    }),
    { numRuns },
  );
});

test("[S3] [S11] after any history, every election with a candidate that answers is led within the bound", () => {
  fc.assert(
    fc.property(policies, moves, (options, history) => {
      const group = play(options, history);
      group.advance(60_000);
      group.goBack();
      group.pause(false);
      for (const peer of group.peers) {
        peer.profile = { contenders: ["x", { component: "d", election: "dedicated" }] };
        peer.busy = [];
        peer.silent = false;
        if (peer.sessionId === "") peer.connect().hello();
        else peer.resume();
      }
      const { lease, askTimeoutMs } = group.policy;
      const bound = 3 * lease.durationMs + 20_000 + 2_000 + group.peers.length * askTimeoutMs;
      for (let passed = 0; passed < bound; passed += 500) {
        for (const peer of group.peers) if (passed % 2_000 === 0) acceptAll(peer);
        group.advance(500);
      }
      expect(group.election().type).toBe("leading");
      expect(group.election("component:d").type).toBe("leading");
    }),
    { numRuns: Math.ceil(numRuns / 3) },
  );
});

/** Events that have nothing to change, once the time has been looked at. */
const idleEvents = ({ state }: GroupWorld): readonly EventBody[] => [
  { type: "tick" },
  { type: "configure", policy: state.policy },
  { type: "pause", paused: state.paused },
  { type: "disconnect", connection: "unknown" },
  { type: "frame", connection: "unknown", frame: { type: "invalid", problem: "" } },
  { type: "revoke", request: "idle", election: "component:unknown", successor: null, note: null },
  {
    type: "poll",
    request: "idle",
    connection: "idle",
    call: { secret: { secret: "", hash: "" }, action: { type: "bye" } },
  },
];

test("whatever has happened, an event that changes nothing gives back the same state, and nothing to write", () => {
  fc.assert(
    fc.property(policies, moves, (options, history) => {
      const group = play(options, history);
      group.tick();
      const events = idleEvents(group).map((event) => ({ ...event, now: group.clock, nonce: "idle" }));
      // Whoever is next may be asked, once.
      const before = events.reduce((state, event) => transition(state, event).state, group.state);
      expectSame(byKey(save(before)), byKey(save(group.state)), "asking writes no row");
      for (const event of events) {
        const { state, touched } = transition(before, event);
        expectTrue(state === before, `${event.type} copies the state`);
        expectSame(rowChanges(before, state, touched), [], event.type);
      }
    }),
    { numRuns },
  );
});

test("[S11] in peace nobody is asked again and again: no rows but horizons", () => {
  fc.assert(
    fc.property(moves, (history) => {
      const group = play({ drainMs: 3_000 }, history);
      group.dropAll();
      group.advance(60_000);
      const steps = group.during(() => group.advance(600_000));
      expect(steps.length).toBeLessThanOrEqual(2);
    }),
    { numRuns: Math.ceil(numRuns / 3) },
  );
});
