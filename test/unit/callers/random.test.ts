/** What the contender promises its users and the group, under any fate of calls, answers, clocks and objects. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ContenderInfo } from "../../../shared/protocol/messages.ts";
import { nextDeadline } from "../../../worker/callers/core/state.ts";
import { acceptAll } from "../group/moves.ts";
import type { Poller } from "../group/poller.ts";
import { GroupWorld } from "../group/world.ts";

/** `CONTENDER_RUNS=5000 npx vitest run --project unit contender/random` for a long look. */
const numRuns = Number(process.env["CONTENDER_RUNS"] ?? 150);

interface Scene {
  readonly world: GroupWorld;
  readonly asker: Poller<GroupWorld>;
}

interface Draw {
  readonly pick: number;
  readonly ms: number;
  readonly component: "x" | "y" | "d";
}

/** Empty where it was never granted: the core has to bear that too. */
const newestId = (asker: Poller<GroupWorld>, component: string): string =>
  asker.heard.get(component)?.at(-1)?.leaderSessionId ?? "";

const moves: Readonly<Record<string, (scene: Scene, draw: Draw) => void>> = {
  wait: ({ world }, { ms }) => world.advance(ms),
  wake({ world, asker }) {
    const due = (nextDeadline(asker.state) ?? asker.clock) - asker.clock;
    world.advance(Math.max(0, Math.ceil(due)));
    asker.dispatch({ type: "tick" });
  },
  arrives: ({ asker }, { pick }) => asker.arrive(asker.travelling[pick % Math.max(1, asker.travelling.length)]),
  hears: ({ asker }, { pick }) => asker.receive(asker.travelling[pick % Math.max(1, asker.travelling.length)]),
  answers({ asker }) {
    const call = asker.travelling.at(-1);
    asker.arrive(call);
    asker.receive(call);
  },
  loses: ({ asker }, { pick }) => asker.forget(asker.travelling[pick % Math.max(1, asker.travelling.length)]),
  fails: ({ asker }, { pick }) => asker.fail(asker.travelling[pick % Math.max(1, asker.travelling.length)]),
  settles: ({ asker }, { component }) => asker.stop(component),
  // The clocks of two hosts differ by up to the clock margin.
  restarts: ({ asker }, { ms }) => asker.moveTo((ms % 1_001) - 500),
  starts: ({ asker }) => asker.start(),
  closes: ({ asker }) => void asker.dispatch({ type: "close" }),
  resigns({ asker, world }, { component, pick }) {
    const leaderSessionId = newestId(asker, component);
    const successor = world.peers[pick % world.peers.length]?.sessionId ?? "";
    asker.dispatch({ type: "resign", leaderSessionId, ...(successor !== "" && { successor }) });
  },
  confirms({ asker }, { component, pick }) {
    const leaderSessionId = newestId(asker, component);
    asker.dispatch({ type: "confirm", component, leaderSessionId, address: `a${pick % 3}` });
  },
  setsClockForward: ({ asker }, { ms }) => asker.setClock(ms),
  // A larger step back that nobody sees happen can't be told from less time: that is an assumption, see GUARANTEES.md.
  setsClockBack: ({ asker }, { ms }) => asker.setClock(-ms),
  revokes: ({ world }, { component }) => void world.revoke(component === "d" ? "component:d" : "process"),
  crashes: ({ world }) => world.crash(),
  hibernates: ({ world }) => world.hibernate(),
  othersAccept: ({ world }) => {
    for (const peer of world.peers) if (peer.wire?.open && peer.sessionId !== "") acceptAll(peer);
  },
  othersLeave: ({ world }, { pick }) => world.peers[pick % world.peers.length]?.drop(),
  othersReturn: ({ world }, { pick }) => {
    const peer = world.peers[pick % world.peers.length];
    if (peer?.sessionId !== "") peer?.resume();
  },
  deploys: ({ asker }, { pick }) => asker.deploy(someOf(pick)),
  changes: ({ asker }, { pick }) => asker.change(someOf(pick)),
};

function someOf(pick: number): readonly ContenderInfo[] {
  const all = [{ component: "x" }, { component: "y" }, { component: "d", election: "dedicated" }] as const;
  const named = all.filter((_, index) => (pick >> index) % 2 === 0);
  return named.length === 0 ? [all[0]] : named;
}

const often = [
  "wait",
  "wake",
  "wake",
  "answers",
  "answers",
  "answers",
  "arrives",
  "hears",
  "settles",
  "settles",
  "starts",
];
const history = fc.array(
  fc.record({
    does: fc.constantFrom(...often, ...Object.keys(moves)),
    pick: fc.nat(100),
    ms: fc.oneof(fc.nat(300), fc.constantFrom(1_000, 2_500, 5_000, 8_000, 10_000, 30_000)),
    component: fc.constantFrom("x", "y", "d"),
  }),
  { size: "max", maxLength: 120 },
);

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

function play(steps: History): Scene {
  const world = new GroupWorld({ drainMs: 3_000 });
  const asker = world.poller("asker", [
    { component: "x" },
    { component: "y" },
    { component: "d", election: "dedicated" },
  ]);
  for (const name of ["a", "b"]) world.join(name, { contenders: ["x", { component: "d", election: "dedicated" }] });
  asker.start();
  for (const { does, ...draw } of steps) moves[does]?.({ world, asker }, draw);
  return { world, asker };
}

test("[PC1] [PC2] [S1] [S2] [S6] [S7] [C1] one leader each, alternating callbacks, no word of an end before it has stopped, and the same state where nothing changes", () => {
  fc.assert(
    fc.property(history, (steps) => void play(steps)),
    { numRuns },
  );
});

test("[C8] [N2] after any faults, in peace it leads within the bound, if nobody else is there", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { world, asker } = play(steps);
      asker.setClock(-asker.skewMs);
      for (const peer of world.peers) peer.drop();
      asker.run(15_000);
      asker.start();
      asker.run(60_000);
      const { contenders } = asker.settings;
      expect(contenders.map(({ component }) => asker.leads(component))).toEqual(contenders.map(() => true));
    }),
    { numRuns: Math.ceil(numRuns / 3) },
  );
});
