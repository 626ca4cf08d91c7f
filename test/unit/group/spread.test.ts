/** Dedicated elections that are spread over processes (D4), and what is preferred (Q8). */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import { preferenceOf, versionKey } from "../../../worker/group/preference.ts";
import { acceptAll } from "./moves.ts";
import type { PeerProcess, Profile } from "./peer.ts";
import { GroupWorld } from "./world.ts";

const D = 10_000;
const STEP = 500;

/** Processes that all stand in the same dedicated elections, renew, and stop as soon as they are told to. */
class Fleet {
  readonly group: GroupWorld;
  readonly peers: PeerProcess[] = [];
  readonly elections: readonly ElectionName[];
  readonly #contenders: NonNullable<Profile["contenders"]>;
  /** How many revokes each has obeyed. */
  readonly #obeyed = new Map<PeerProcess, number>();
  /** How long one takes to stop. */
  drainMs = 0;

  constructor(elections: number, policy: PolicyOptions = {}) {
    this.group = new GroupWorld({ leaseMs: D, spread: true, ...policy });
    const names = Array.from({ length: elections }, (_, index) => `d${index}`);
    this.#contenders = names.map((component) => ({ component, election: "dedicated" }));
    this.elections = names.map((name): ElectionName => `component:${name}`);
  }

  join(name: string, profile: Partial<Profile> = {}): PeerProcess {
    const peer = this.group.join(name, { contenders: this.#contenders, ...profile });
    this.peers.push(peer);
    this.act();
    return peer;
  }

  crash(peer: PeerProcess): void {
    peer.drop();
    peer.endAll();
    peer.speaksAt = Infinity;
    this.peers.splice(this.peers.indexOf(peer), 1);
  }

  /** Everybody takes what was granted, and stops what was revoked, until nothing is left to do. */
  act(): void {
    for (let before = -1; before !== this.group.steps.length; ) {
      before = this.group.steps.length;
      for (const peer of this.peers) this.#actFor(peer);
    }
  }

  #actFor(peer: PeerProcess): void {
    const open = [...peer.grants.values()].filter(
      ({ leaderSessionId: id, joined }) => !joined && !peer.finished.has(id),
    );
    if (open.some(({ leaderSessionId }) => this.#isUntaken(leaderSessionId))) acceptAll(peer);
    const orders = peer.heard("revoke");
    const obeyed = this.#obeyed.get(peer) ?? 0;
    this.#obeyed.set(peer, orders.length);
    for (const { leaderSessionId } of orders.slice(obeyed)) {
      const election = this.group.state.terms.get(leaderSessionId);
      if (election === undefined || peer.finished.has(leaderSessionId)) continue;
      if (this.drainMs > 0) this.run(this.drainMs);
      peer.release(election);
    }
  }

  #isUntaken(leaderSessionId: string): boolean {
    const name = this.group.state.terms.get(leaderSessionId);
    const state = name === undefined ? undefined : this.group.state.elections.get(name)?.state;
    return state?.type === "leading" && state.acceptedAt === null;
  }

  run(ms: number): void {
    for (let passed = 0; passed < ms; passed += STEP) {
      this.group.advance(STEP);
      if (this.group.now % (D / 4) < STEP) for (const peer of this.peers) peer.renewHeld();
      if (this.drainMs === 0) this.act();
    }
  }

  /** How many elections each leads, the fewest first. */
  get loads(): number[] {
    const counts = this.peers.map(({ name }) => this.elections.filter((one) => this.group.holder(one) === name).length);
    return counts.sort((left, right) => left - right);
  }

  get moves(): number {
    return this.group.history().filter(({ reason }) => reason === "transferred").length;
  }
}

describe("spread", () => {
  test("[D4] whoever leads fewest elections is asked first", () => {
    const fleet = new Fleet(6);
    const [a, b, c] = [fleet.join("a"), fleet.join("b"), fleet.join("c")];
    expect(fleet.loads).toEqual([0, 0, 6]);
    for (const election of fleet.elections.slice(0, 4)) {
      a.resign(election);
      fleet.act();
    }
    expect(fleet.loads).toEqual([2, 2, 2]);
    expect([a, b, c].map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  test("[D4] without the policy the first one leads them all, and a process of a higher priority does with it", () => {
    const plain = new Fleet(4, { spread: false });
    for (const name of ["a", "b"]) plain.join(name);
    plain.run(3 * D);
    expect(plain.loads).toEqual([0, 4]);
    const ranked = new Fleet(4);
    ranked.join("high", { priority: 1 });
    ranked.join("low");
    ranked.run(3 * D);
    expect([ranked.loads, ranked.moves]).toEqual([[0, 4], 0]);
  });

  test.each([
    [8, 64],
    [3, 7],
    [2, 1],
    [5, 4],
    [2, 40],
  ])(
    "[D4] %i processes and %i elections: even within two leases of each join and crash, by few moves",
    (processes, elections) => {
      const fleet = new Fleet(elections);
      fleet.join("p0");
      let moves = 0;
      for (let count = 2; count <= processes; count += 1) {
        fleet.join(`p${count}`);
        fleet.run(2 * D);
        expect((fleet.loads.at(-1) ?? 0) - (fleet.loads[0] ?? 0)).toBeLessThanOrEqual(1);
        expect(fleet.moves - moves).toBeLessThanOrEqual(Math.ceil(elections / count));
        ({ moves } = fleet);
      }
      const [leader] = fleet.peers;
      if (leader === undefined) throw new Error("nobody is there");
      fleet.crash(leader);
      fleet.run(2 * D);
      expect(fleet.loads.reduce((sum, load) => sum + load, 0)).toBe(elections);
      expect((fleet.loads.at(-1) ?? 0) - (fleet.loads[0] ?? 0)).toBeLessThanOrEqual(1);
      expect(fleet.moves - moves).toBeLessThanOrEqual(Math.ceil(elections / fleet.peers.length));
      ({ moves } = fleet);
      fleet.run(20 * D);
      expect(fleet.moves).toBe(moves);
    },
  );

  test("[D4] a process gives or takes one at a time, and the next one follows in the turn in which this one is led", () => {
    const fleet = new Fleet(8);
    const a = fleet.join("a");
    const b = fleet.join("b");
    const revokes = (): number => a.heard("revoke").length;
    fleet.group.run(D + D / 4, a, b); // places that are given out at once are a millisecond apart
    for (let moved = 1; moved <= 4; moved += 1) {
      expect(revokes()).toBe(moved);
      a.renewHeld();
      expect(revokes()).toBe(moved);
      const { leaderSessionId } = a.heard("revoke")[moved - 1] ?? { leaderSessionId: "" };
      a.release(fleet.group.state.terms.get(leaderSessionId) ?? "process");
      expect(revokes()).toBe(moved);
      acceptAll(b);
    }
    expect(revokes()).toBe(4);
    expect(fleet.loads).toEqual([4, 4]);
  });

  test("[D4] whoever comes and goes within a lease takes nothing away, however often", () => {
    const fleet = new Fleet(6);
    fleet.join("a");
    fleet.run(2 * D);
    for (let count = 0; count < 20; count += 1) {
      const guest = fleet.join(`guest${count}`);
      fleet.run(D - STEP);
      fleet.crash(guest);
    }
    expect(fleet.moves).toBe(0);
  });

  test("[D4] [Q6] whoever does not take what was given up for it is given nothing for a minute", () => {
    const fleet = new Fleet(6);
    const a = fleet.join("a");
    const b = fleet.join("b");
    fleet.group.run(D + D / 4, a, b);
    const [order] = a.heard("revoke");
    expect(order?.reason).toBe("transferred");
    b.busy = fleet.elections;
    b.renewHeld();
    a.release(fleet.group.state.terms.get(order?.leaderSessionId ?? "") ?? "process");
    acceptAll(a);
    b.busy = [];
    const others = (): number => a.heard("revoke").filter((one) => one !== order).length;
    fleet.group.run(45_000, a, b);
    expect(others()).toBe(0);
    fleet.group.run(30_000, a, b);
    expect(others()).toBe(1);
  });

  test("[D4] it sets no alarm, and a paused group moves nothing", () => {
    const [spread, plain] = [new Fleet(4), new Fleet(4, { spread: false })];
    for (const fleet of [spread, plain]) for (const name of ["a", "b"]) fleet.join(name);
    expect(spread.group.alarm()).toBe(plain.group.alarm());
    spread.group.pause();
    spread.run(2 * D);
    expect(spread.moves).toBe(0);
    spread.group.pause(false);
    spread.run(D);
    expect(spread.moves).toBe(2);
  });

  test("[D4] it goes on after the object was replaced, and the settings may change while the group runs", () => {
    const fleet = new Fleet(4, { spread: false });
    for (const name of ["a", "b"]) fleet.join(name);
    fleet.run(2 * D);
    fleet.group.configure({ ...fleet.group.options, spread: true });
    fleet.group.hibernate();
    fleet.run(2 * D);
    expect(fleet.loads).toEqual([2, 2]);
    fleet.group.configure({ ...fleet.group.options, spread: false });
    expect(fleet.group.state.loads.size).toBe(0);
  });
});

describe("prefer", () => {
  const ORDER = [
    "0",
    "0.1.0-a",
    "0.1",
    "0.9",
    "1.0.0-1",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
  ]
    .concat(["1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1-x", "1.0.1", "1.2", "1.10", "2", "v10.0"])
    .concat(["2025.11.3", "2026.1"]);

  test("[Q8] versions are compared by their numbers, and a pre-release comes before its release", () => {
    for (const [index, version] of ORDER.entries())
      for (const later of ORDER.slice(index + 1)) {
        expect(versionKey(version) < versionKey(later), `${version} < ${later}`).toBe(true);
        expect(preferenceOf(version, "oldest") > preferenceOf(later, "oldest"), `${version}, ${later}`).toBe(true);
      }
    for (const [left, right] of [
      ["1", "v1.0.0"],
      ["1.0+a", "1+b"],
      ["0", "0.0"],
      ["1.02", "1.2"],
    ])
      expect(versionKey(left ?? "")).toBe(versionKey(right ?? ""));
    for (const text of ["", "1.", "x", "1.0.0-", "1 ", ".1", `1${"0".repeat(64)}`, "-1"]) {
      expect(versionKey(text)).toBe("");
      expect(preferenceOf(text, "oldest") < preferenceOf("1", "oldest")).toBe(true);
    }
    expect(preferenceOf(undefined, "newest")).toBe("");
  });

  test("[Q8] any text has a place, and the order is the same from both sides", () => {
    const version = fc.oneof(fc.stringMatching(/^v?\d{1,3}(\.\d{1,2}){0,3}(-[0-9a-z.]{1,6})?$/), fc.string());
    fc.assert(
      fc.property(version, version, (left, right) => {
        const [one, other] = [versionKey(left), versionKey(right)];
        if (one === "" || other === "" || one === other) return;
        expect(preferenceOf(left, "oldest") > preferenceOf(right, "oldest")).toBe(one < other);
      }),
    );
  });

  const prefer = { metadata: "version", order: "newest" } as const;
  const tab = (name: string, version?: string): Profile => ({
    contenders: ["x"],
    process: { name, ...(version !== undefined && { metadata: { version } }) },
  });

  test("[Q8] it counts below an operator's successor and priority, and above first come", () => {
    const group = new GroupWorld({ prefer });
    const first = group.join("first", tab("first"));
    first.accept();
    group.join("none", tab("none"));
    const old = group.join("old", tab("old", "1.9.0"));
    const young = group.join("young", tab("young", "1.10.0"));
    const high = group.join("high", { ...tab("high"), priority: 1 });
    const order = (): unknown => group.status().elections[0]?.candidates.map(({ process }) => process);
    expect(order()).toEqual(["high", "young", "old", "none"]);
    group.revoke("process", { successor: old.sessionId });
    first.release();
    old.accept();
    old.resign();
    high.accept();
    high.resign();
    expect(group.holder()).toBe("young");
    young.accept();
  });

  test("[Q8] [Q2] with preemption the preferred version takes the lead over once, and equals never", () => {
    const group = new GroupWorld({ prefer, preempt: { cooldownMs: 5_000 } });
    const [a, b] = [group.join("a", tab("a", "1.10.0")), group.join("b", tab("b", "1.10.0"))];
    a.accept();
    const c = group.join("c", tab("c", "2.0.0"));
    group.run(5_000, a, b, c);
    expect(a.last("revoke")).toMatchObject({ reason: "preempted" });
    a.release();
    c.accept();
    group.run(60_000, a, b, c);
    expect([a, b, c].map((peer) => peer.heard("revoke").length)).toEqual([1, 0, 0]);
  });

  test("[Q8] of 20 tabs with three versions the newest leads after at most one hand-over", () => {
    const versions = ["1.9.0", "1.10.0", "1.10.0-rc.1"];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...versions), { minLength: 20, maxLength: 20 }),
        fc.boolean(),
        (all, preempts) => {
          const group = new GroupWorld({ prefer, ...(preempts && { preempt: { cooldownMs: 5_000 } }) });
          const tabs = all.map((version, index) => group.join(`t${index}`, tab(`t${index}`, version)));
          const newest = versions[1];
          const holder = (): number => tabs.findIndex(({ name }) => name === group.holder());
          tabs[0]?.accept();
          let handOvers = 0;
          const handOver = (): void => {
            tabs[holder()]?.release();
            for (const one of tabs) if (one.name === group.holder()) acceptAll(one);
            handOvers += 1;
          };
          if (preempts) {
            group.run(6_000, ...tabs);
            if (group.election().type === "revoking") handOver();
            group.run(60_000, ...tabs);
            expect(group.election().type).toBe("leading");
          } else if (all[0] !== newest) handOver();
          expect(handOvers).toBeLessThanOrEqual(1);
          if (all.includes(newest ?? "")) expect(all[holder()]).toBe(newest);
        },
      ),
      { numRuns: 20 },
    );
  });
});
