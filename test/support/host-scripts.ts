/**
 * What the host promises around the core, each promise as a script that throws if it is broken. The unit tests play the
 * scripts on the host that ships; each mutant of the host has to fail one of them.
 */

import { expect } from "vitest";
import { CLOCK_MARGIN_MS } from "../../shared/lease.ts";
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import type { Attachment, Outcome } from "../../worker/group/events.ts";
import { type HostCore, HostStage, LEASE_MS, REACH_MS, type StagePeer } from "./host-stage.ts";

export type HostScript = (cores: { readonly group: HostCore }) => void;

/** A leader, and one who waits. What the journal says until then is forgotten. */
function led({ group }: { readonly group: HostCore }): { stage: HostStage; a: StagePeer; b: StagePeer } {
  const stage = new HostStage(group);
  const a = stage.leader("a");
  const b = stage.join("b");
  stage.journal = [];
  return { stage, a, b };
}

const resign = (peer: StagePeer) =>
  ({ type: "resign", leaderSessionId: peer.last("grant").leaderSessionId, sentAt: 2 }) as const;

/** More than the settings below allow. */
const publication = (peer: StagePeer) =>
  ({
    type: "confirm",
    id: "c",
    component: "x",
    leaderSessionId: peer.last("grant").leaderSessionId,
    metadata: { zone: "z".repeat(20) },
  }) as const;

/** When the group looks by itself after a renewal, while the next candidate is about to speak. */
const NET_MS = 3 * LEASE_MS;

/** What who waits says when it is asked. */
const ANSWER = { type: "renew", sentAt: 3, held: [] } as const;

/** The leader renews, and who waits says that it is there. */
function beat({ stage, a, b }: ReturnType<typeof led>): void {
  stage.renew(a);
  b.send(ANSWER);
}

/** What the journal says of one kind. */
const entriesOf = (stage: HostStage, what: string): string[] => stage.journal.filter((entry) => entry.includes(what));

// The order of a turn

export const orderOfATurn: HostScript = ({ group }) => {
  const stage = new HostStage(group);
  stage.leader("a");
  stage.ring();
  stage.time += 2_500;
  const peer = stage.connect("b");
  const contenders = [{ component: "x" }, { component: "own", election: "dedicated" }] as const;
  expect(stage.during(() => peer.send({ type: "hello", sentAt: 1, contenders }))).toEqual([
    "commit (1)",
    "alarm in 27500 (2)",
    "attach b (2)",
    "send b welcome (2)",
    "send b next (2)",
    "send b grant (2)",
    "turned frame (2)",
  ]);
};

export const answerAfterItsCommit: HostScript = ({ group }) => {
  const stage = new HostStage(group);
  const a = stage.leader("a");
  const call = stage.ask();
  stage.storage.faults.commit = 1;
  const { leaderSessionId } = a.last("grant");
  expect(() => a.send({ type: "release", leaderSessionId })).toThrow("the commit has failed");
  expect(call.outcome).toBeNull();
  stage.settle();
  stage.time += LEASE_MS;
  stage.look();
  expect(call.outcome).toMatchObject({ type: "revoked", to: null });
};

// What fails

export const failedCommit: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  const { state } = stage;
  const seen = () => [
    a.inbox.messages.length,
    b.inbox.messages.length,
    stage.alarmAt,
    stage.storage.text(),
    ...(["revokes", "framesOut", "commits"] as const).map((key) => stage.host.counters().get(key)),
  ];
  const before = seen();
  stage.storage.faults.commit = 1;
  expect(() => stage.ask()).toThrow("the commit has failed");
  expect(stage.state).toBe(state);
  expect(seen()).toEqual(before);
  expect(stage.journal).toEqual(["commit (2)"]);
  stage.ask();
  expect(a.last("revoke")).toMatchObject({ reason: "revoked" });
};

/** A frame that is lost would be missed later. Its peer comes back, and loses nothing by it. */
export const failedFrame: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  stage.storage.faults.commit = 1;
  expect(() => a.send(resign(a))).toThrow("the commit has failed");
  expect([a.closeCode, b.closeCode]).toEqual([1012, null]);
  stage.settle();
  const { sessionId, secret } = a.last("welcome");
  const again = stage.connect("a");
  const held = [a.last("grant").leaderSessionId];
  const resume = { sessionId, secret, attempt: 1 };
  again.send({
    type: "hello",
    sentAt: 2,
    contenders: [{ component: "x" }],
    process: { name: "a" },
    resume,
    held,
  });
  expect(again.last("welcome")).toMatchObject({ resumed: true, held });
  expect(stage.state.connections.size).toBe(2);
};

export const failedFirstFrame: HostScript = (cores) => {
  const { stage, b } = led(cores);
  stage.wake();
  stage.storage.faults.commit = 1;
  expect(() => b.send({ type: "deregister", component: "x" })).toThrow("the commit has failed");
  expect(b.closeCode).toBe(1012);
  stage.settle();
  stage.look();
  expect(stage.state.connections.size).toBe(1);
};

export const frameAfterAFailedListing: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  stage.wake();
  stage.renew(a);
  stage.storage.faults.listing = 1;
  expect(() => b.send({ type: "deregister", component: "x" })).toThrow("the listing has failed");
  expect(b.closeCode).toBe(1012);
  stage.settle();
  expect(stage.state.connections.size).toBe(1);
};

export const failedSettings: HostScript = (cores) => {
  const { stage, a } = led(cores);
  stage.time += LEASE_MS; // so that the turn has something to write
  stage.storage.faults.commit = 1;
  const settings = JSON.stringify({ leaseMs: 4_000 });
  expect(() => stage.host.configure(settings)).toThrow("the commit has failed");
  expect(stage.state.policy.lease.durationMs).toBe(LEASE_MS);
  stage.host.configure(settings);
  expect(stage.state.policy.lease.durationMs).toBe(4_000);
  expect(a.closeCode).toBeNull();
};

export const failedSend: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  b.isBroken = true;
  a.send(resign(a));
  expect(stage.failures).toEqual(["send_failed"]);
  expect(stage.holder()).toBe("b");
};

/** The core is told of the end soon, or by an alarm if that fails, too. */
export const failedEndOfASocket: HostScript = (cores) => {
  const { stage, a } = led(cores); // a loss of one that leads nothing writes no row
  stage.storage.faults.commit = 2;
  expect(() => stage.drop(a)).toThrow("the commit has failed");
  stage.settle();
  expect(stage.failures).toEqual(["start_failed"]);
  expect(stage.alarmAt).toBe(stage.time + 1_000);
  stage.ring();
  expect(stage.state.connections.size).toBe(1);
};

/** The socket of the leader ends and wakes the object, which can't write that its lease is over by then. */
export const failedEndThatWakes: HostScript = (cores) => {
  const { stage, a } = led(cores);
  stage.wake();
  stage.time += LEASE_MS;
  stage.storage.faults.commit = 1;
  expect(() => stage.drop(a)).toThrow("the commit has failed");
  stage.settle();
  expect(stage.state.connections.size).toBe(1);
};

/** The socket of the next candidate ends and wakes the object, when the lease of the leader is over. */
export const endOfTheNextOne: HostScript = (cores) => {
  const { stage, b } = led(cores);
  stage.time += LEASE_MS - 100;
  b.send(ANSWER);
  stage.wake();
  stage.time += 200;
  stage.drop(b);
  expect(stage.holder()).toBeNull();
};

export const failedConnect: HostScript = (cores) => {
  const { stage, a } = led(cores);
  stage.time += LEASE_MS; // so that the turn has something to write
  stage.storage.faults.commit = 1;
  expect(() => stage.connect("c")).toThrow("the commit has failed");
  expect([a.closeCode, stage.peers[2]?.closeCode]).toEqual([null, 1012]);
};

// Phases

export const leadersFirst: HostScript = (cores) => {
  const { stage } = led(cores);
  const exact = stage.leaseUntil();
  stage.time += 1_000;
  expect(stage.during(() => stage.load())).toEqual(["find a"]);
  expect(stage.during(() => stage.host.adopt(stage.alarmAt))).toEqual(["attach a (2)", "turned adopt (2)"]);
  expect(stage.leaseUntil()).toBe(exact);
};

export const firstFrame: HostScript = (cores) => {
  const { stage, b } = led(cores);
  stage.wake();
  expect(stage.during(() => stage.renew(stage.peers[0] ?? b))).toEqual([
    "turned adopt (2)",
    "attach a (2)",
    "send a renewed (2)",
    "turned frame (2)",
  ]);
  expect(stage.during(() => stage.settle())).toEqual(["list (2)", "turned start (2)"]);
};

export const firstFrameOfOneWhoWaits: HostScript = (cores) => {
  const { stage, b } = led(cores);
  stage.wake();
  stage.journal = [];
  b.send({ type: "deregister", component: "x" });
  expect(entriesOf(stage, "send")).toEqual(["send b deregistered (2)"]);
  expect(entriesOf(stage, "list")).toEqual([]);
};

export const secondFrame: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  stage.wake();
  stage.renew(a);
  const journal = stage.during(() => b.send({ type: "deregister", component: "x" }));
  expect(journal.slice(0, 2)).toEqual(["list (2)", "turned start (2)"]);
  stage.settle();
  expect(entriesOf(stage, "list")).toHaveLength(1);
};

/** All sockets are listed before anything but a first frame, and once. */
export const listedFirst: HostScript = (cores) => {
  const events: readonly ((stage: HostStage) => void)[] = [
    (stage) => stage.look(),
    (stage) => stage.ring(),
    (stage) => stage.host.configure(null),
    (stage) => stage.ask(),
    (stage) => stage.connect("c"),
    (stage) => stage.drop(stage.peers[1] ?? stage.connect("d")),
  ];
  for (const event of events) {
    const { stage, a } = led(cores);
    stage.wake();
    const journal = stage.during(() => event(stage));
    expect(journal.findIndex((entry) => entry.startsWith("list"))).toBe(journal[0] === "turned adopt (2)" ? 1 : 0);
    expect(stage.state.reconciled).toBe(true);
    stage.look();
    stage.renew(a);
    expect(entriesOf(stage, "list")).toHaveLength(1);
  }
};

/** A session whose socket is not listed has lost it, and is granted nothing. */
export const lostMeanwhile: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  stage.peers = stage.peers.filter((peer) => peer !== b);
  stage.wake();
  a.send(resign(a));
  expect(stage.holder()).toBeNull();
  stage.settle();
  expect(stage.holder()).toBe("a");
};

/** Nobody else would have it tried again: an alarm does, and so does whatever comes first. */
export const failedListing: HostScript = (cores) => {
  const { stage, a } = led(cores);
  stage.ring(); // the one for the hello
  stage.wake();
  a.send(resign(a));
  stage.storage.faults.listing = 2;
  stage.settle();
  expect(stage.failures).toEqual(["start_failed"]);
  expect(stage.alarmAt).toBe(stage.time + 1_000);
  expect(() => stage.look()).toThrow("the listing has failed");
  stage.time += 1_000;
  stage.ring();
  expect(stage.holder()).toBe("b");
};

export const retryKeepsAnEarlierAlarm: HostScript = (cores) => {
  const { stage, a } = led(cores);
  stage.time = (stage.alarmAt ?? 0) - 200;
  stage.wake();
  stage.renew(a);
  stage.storage.faults.listing = 1;
  stage.settle();
  expect(stage.alarmAt).toBe(stage.time + 200);
};

// Sockets

/** A leader's close that wakes the object brings its exact lease, though the platform lists the socket no longer. */
export const lostLeader: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  const exact = stage.leaseUntil();
  stage.load();
  stage.host.adopt(stage.alarmAt);
  stage.drop(a);
  expect([stage.holder(), stage.leaseUntil()]).toEqual(["a", exact]);
  stage.time = exact ?? 0;
  stage.ring();
  b.send(ANSWER);
  expect(stage.holder()).toBe("b");
};

/** The same for a leader whose socket was not found by its connection when the object woke. */
export const lostUnfoundLeader: HostScript = (cores) => {
  const { stage, a } = led(cores);
  const exact = stage.leaseUntil();
  stage.peers = stage.peers.filter((peer) => peer !== a);
  stage.wake();
  stage.host.lose(a);
  expect([stage.holder(), stage.leaseUntil()]).toEqual(["a", exact]);
};

export const lostCandidate: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  stage.drop(b);
  a.send(resign(a));
  expect(stage.holder()).toBe("a");
};

/** Its peer may go on sending, its end is not the end of a session, and the platform goes on listing it. */
export const closedSocket: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  b.sendRaw("no message");
  expect(b.closeCode).toBe(4400);
  const journal = stage.during(() => {
    b.send({ type: "bye" });
    stage.host.lose(b);
  });
  expect(journal).toEqual([]);
  stage.look();
  expect(stage.state.connections.size).toBe(1);
  expect(a.closeCode).toBeNull();
};

export const closedBeforeTheListing: HostScript = (cores) => {
  const { stage, b } = led(cores);
  stage.wake();
  b.sendRaw("no message");
  expect(b.closeCode).toBe(4400);
  stage.settle();
  expect(stage.state.connections.size).toBe(1);
  expect(entriesOf(stage, "close")).toEqual(["close b (2)"]);
};

export const frames: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  a.sendRaw(new ArrayBuffer(2));
  const { messageBytes } = stage.state.policy.limits;
  b.sendRaw(`{"type":"renew","sentAt":1,"held":["${"x".repeat(messageBytes)}"]}`);
  expect([a.closeCode, b.closeCode]).toEqual([4400, 4413]);
};

// The alarm

export const alarmOnlyEarlier: HostScript = (cores) => {
  const { stage, a } = led(cores);
  const alarms = (action: () => void): string[] => {
    stage.during(action);
    return entriesOf(stage, "alarm");
  };
  stage.ring();
  expect(stage.alarmAt).toBe(stage.time + NET_MS);
  stage.time += 2_500;
  expect(alarms(() => stage.renew(a))).toEqual([]); // its lease ends later now
  expect(alarms(() => a.send(resign(a)))).toEqual(["alarm in 2850 (2)"]); // b is asked, and silent earlier
};

/** The platform drops an alarm that has failed too often, and says nothing. */
export const overdueAlarm: HostScript = (cores) => {
  const all = led(cores);
  const { stage } = all;
  const due = stage.alarmAt ?? 0;
  while (stage.time < due) {
    stage.time += LEASE_MS / 4;
    beat(all);
  }
  expect(stage.alarmAt).toBe(stage.time + NET_MS);
};

export const overdueAlarmAtWakeUp: HostScript = (cores) => {
  const all = led(cores);
  const { stage } = all;
  const due = stage.alarmAt ?? 0;
  while (stage.time + LEASE_MS / 4 <= due) {
    stage.time += LEASE_MS / 4;
    beat(all);
  }
  stage.time = due + 1;
  stage.journal = [];
  stage.wake();
  expect(entriesOf(stage, "alarm")).toEqual([]); // a later one would cancel it
  stage.look();
  expect(stage.alarmAt).toBeGreaterThan(stage.time);
};

export const knownAlarmAtWakeUp: HostScript = (cores) => {
  const { stage } = led(cores);
  stage.journal = [];
  stage.wake();
  stage.look();
  expect(entriesOf(stage, "alarm")).toEqual([]);
};

export const alarmNotSet: HostScript = (cores) => {
  const { stage, a } = led(cores);
  stage.ring();
  stage.refuseAlarm();
  expect(stage.failures).toEqual(["alarm_not_set"]);
  stage.renew(a);
  expect(stage.alarmAt).toBe(stage.time + NET_MS);
};

export const failedAlarm: HostScript = (cores) => {
  const { stage, b } = led(cores);
  stage.time += LEASE_MS + 100;
  stage.storage.faults.commit = 1;
  stage.ring();
  expect(stage.failures).toEqual(["alarm_failed"]);
  expect(stage.alarmAt).toBe(stage.time + 1_000);
  stage.time += 1_000;
  stage.ring();
  b.send(ANSWER);
  expect(stage.holder()).toBe("b");
};

// Settings and counters

export const settingsRideWithRows: HostScript = (cores) => {
  const { stage, a } = led(cores);
  const settings = JSON.stringify({ leaseMs: 4_000, limits: { metadataBytes: 20 } });
  stage.host.configure(settings);
  stage.look();
  stage.host.configure(settings);
  expect([entriesOf(stage, "commit"), entriesOf(stage, "configure")]).toEqual([[], ["turned configure (2)"]]);
  expect(stage.host.areSettingsStored).toBe(false);
  a.send(resign(a));
  expect(entriesOf(stage, "commit")).toEqual(["commit with settings (2)"]);
  expect(stage.host.areSettingsStored).toBe(true);
  stage.wake();
  expect(stage.state.policy.lease.durationMs).toBe(4_000);
  a.send(publication(a));
  expect(a.closeCode).toBe(4400);
  expect(entriesOf(stage, "commit with settings")).toHaveLength(1);
};

export const settingsHoldForOpenSockets: HostScript = (cores) => {
  const { stage, a } = led(cores);
  stage.host.configure(JSON.stringify({ limits: { metadataBytes: 20 } }));
  a.send(publication(a));
  expect(a.closeCode).toBe(4400);
};

export const refusedSettings: HostScript = (cores) => {
  const { stage, a } = led(cores);
  for (let request = 0; request < 2; request += 1) stage.host.configure(JSON.stringify({ leaseMs: 1 }));
  expect(stage.failures).toEqual(["policy_refused"]);
  expect(stage.state.policy.lease.durationMs).toBe(LEASE_MS);
  stage.storage.policy = { leaseMs: 1 };
  stage.wake();
  expect(stage.failures).toEqual(["policy_refused", "policy_refused"]);
  expect(stage.state.policy.lease.durationMs).toBe(LEASE_MS);
  stage.renew(a);
  expect(a.closeCode).toBeNull();
};

export const countersGoOn: HostScript = (cores) => {
  const { stage, a, b } = led(cores);
  const counted = (key: "wakes" | "framesIn" | "terms_started") => stage.host.counters().get(key) ?? 0;
  a.send(resign(a)); // a commit: the counters are stored with it, this frame included
  const [wakes, frames, terms] = [counted("wakes"), counted("framesIn"), counted("terms_started")];
  stage.wake();
  expect([counted("wakes"), counted("framesIn"), counted("terms_started")]).toEqual([wakes + 1, frames, terms]);
  b.send(resign(b));
  stage.settle();
  stage.renew(a);
  expect([counted("framesIn"), counted("terms_started")]).toEqual([frames + 2, terms + 1]);
};

// Rows that can't be read

const SIGMA_MS = 1_000;

/** Nobody is granted the election before the longest lease is over, over a second wake-up too, and then somebody is. */
function expectHeldOff(stage: HostStage, b: StagePeer): void {
  const from = stage.time;
  b.send(ANSWER);
  stage.time = from + REACH_MS;
  stage.wake();
  b.send(ANSWER);
  stage.time = from + REACH_MS + SIGMA_MS - 1;
  b.send(ANSWER);
  stage.look();
  expect(stage.holder()).toBe(null);
  stage.time = from + REACH_MS + SIGMA_MS;
  b.send(ANSWER);
  stage.look();
  expect(stage.holder()).toBe("b");
}

export const unreadableElection: HostScript = ({ group }) => {
  const { stage, a, b } = led({ group });
  const { unreadable } = stage.wakeDamaged((row, key) => (key === "process" ? row.replace("leading", "resting") : row));
  expect(unreadable).toMatchObject([{ table: "election", key: "process" }]);
  stage.drop(a);
  expectHeldOff(stage, b);
};

export const missingElection: HostScript = ({ group }) => {
  const { stage, a, b } = led({ group });
  const { unreadable } = stage.wakeDamaged((row, key) => (key === "process" ? null : row));
  expect(unreadable).toMatchObject([{ table: "election", key: "process" }]);
  stage.drop(a);
  expectHeldOff(stage, b);
};

export const unreadableHolder: HostScript = ({ group }) => {
  const { stage, b } = led({ group });
  stage.wakeDamaged((row) => (row.includes('"name":"a"') ? "{}" : row));
  expectHeldOff(stage, b);
};

/** What a socket carries, in the words of another version. */
const FOREIGN: readonly ((carried: Attachment) => object)[] = [
  ({ leases, ...rest }) => ({ ...rest, leases: leases.map(([id]) => [id, null]) }),
  ({ leases, ...rest }) => ({ ...rest, leases: leases.map(([id]) => ({ id })) }),
  ({ leases: _, ...rest }) => rest,
  (carried) => ({ ...carried, access: {} }),
  (carried) => ({ ...carried, late: false }),
  (carried) => ({ ...carried, statement: { sentAt: 1 } }),
  ({ connection: _, ...rest }) => rest,
];

export const unreadableSocket: HostScript = ({ group }) => {
  for (const foreign of FOREIGN) {
    const { stage, a, b } = led({ group });
    if (a.attachment === null) throw new Error("its socket carries nothing");
    a.attachment = foreign(a.attachment) as Attachment;
    stage.wake();
    for (let frame = 0; frame < 2; frame += 1) b.send(ANSWER); // with the second one all sockets are listed
    expect([stage.failures, a.ended?.code, stage.holder()]).toEqual([["socket_unreadable"], CLOSE.restart, "a"]);
    // As after a crash.
    expect(stage.leaseUntil()).toBe(stage.time + REACH_MS + CLOCK_MARGIN_MS);
  }
};

export const unreadableGroup: HostScript = ({ group }) => {
  const { stage, a, b } = led({ group });
  const { epoch } = stage.state;
  stage.time += 1;
  stage.wakeDamaged((row, key) => (key === "" ? "{}" : row));
  expect(stage.state.epoch).toBeGreaterThan(epoch);
  expect(stage.holder()).toBe("a");
  a.send(resign(a));
  expectHeldOff(stage, b);
};

export const horizonOfNobody: HostScript = ({ group }) => {
  const { stage } = led({ group });
  stage.wakeDamaged((row) => row.replace(/"horizon":\d+/, '"horizon":8e15'));
  expect(stage.state.deadlines.first()?.[0].at).toBe(stage.time + LEASE_MS); // its socket has the exact lease
  stage.peers = [];
  stage.wake();
  expect(stage.leaseUntil()).toBe(stage.time + REACH_MS + SIGMA_MS);
};

// Deletion

const purge = (stage: HostStage): string | undefined => {
  let outcome: Outcome | undefined;
  stage.host.ask(
    (request) => ({ type: "purge", request }),
    (answer) => {
      outcome = answer;
    },
  );
  return outcome?.type;
};

/** A leader has been there, and has left. */
function left({ group }: { readonly group: HostCore }, settings?: object): { stage: HostStage; epoch: number } {
  const stage = new HostStage(group);
  if (settings !== undefined) stage.host.configure(JSON.stringify(settings));
  const a = stage.leader("a");
  const { epoch } = a.last("grant");
  a.send({ type: "bye" });
  return { stage, epoch };
}

export const purgeAfterAllEpochs: HostScript = (cores) => {
  const { stage, epoch } = left(cores);
  const newest = Math.max(stage.state.epoch, stage.state.revision);
  stage.time = newest + CLOCK_MARGIN_MS;
  expect(purge(stage)).toBe("in_use");
  stage.time += 1;
  expect(purge(stage)).toBe("purged");
  expect([stage.storage.load().group, stage.alarmAt]).toEqual([null, null]);
  expect(stage.leader("b").last("grant").epoch).toBeGreaterThan(epoch);
  stage.wake();
  expect(stage.holder()).toBe("b");
};

export const purgeOfNothingInUse: HostScript = (cores) => {
  const { stage, a } = led(cores);
  stage.time += CLOCK_MARGIN_MS + 1;
  stage.renew(a);
  expect(purge(stage)).toBe("in_use");
  const idle = left(cores).stage;
  idle.time += 2 * CLOCK_MARGIN_MS;
  idle.host.dispatch({ type: "pause", paused: true });
  expect(purge(idle)).toBe("in_use");
};

const IDLE_TTL_MS = 90_000;

export const idleForItsTime: HostScript = (cores) => {
  const { stage } = left(cores, { leaseMs: LEASE_MS, idleTtlMs: IDLE_TTL_MS });
  const end = stage.time + IDLE_TTL_MS;
  stage.wake();
  stage.time = end - 1;
  stage.ring();
  expect([stage.storage.load().group === null, stage.alarmAt]).toEqual([false, end]);
  const back = stage.join("b");
  stage.time = end;
  stage.ring();
  expect(stage.storage.load().group).not.toBeNull();
  back.send({ type: "bye" });
  stage.time += IDLE_TTL_MS - 1;
  stage.ring();
  expect(stage.storage.load().group).not.toBeNull();
  stage.time += 1;
  stage.wake();
  stage.ring();
  expect([stage.storage.load().group, stage.alarmAt]).toEqual([null, null]);
};

export const helloOwedAtTheEndOfIdleTime: HostScript = (cores) => {
  const { stage } = left(cores, { leaseMs: LEASE_MS, idleTtlMs: IDLE_TTL_MS });
  stage.time += IDLE_TTL_MS - 1;
  stage.connect("b");
  const helloUntil = stage.state.silent.first()?.[0].at ?? 0;
  stage.time += 1;
  stage.ring();
  expect([stage.storage.load().group === null, stage.alarmAt]).toEqual([false, helloUntil]);
  stage.time = helloUntil;
  stage.ring();
  expect([stage.storage.load().group, stage.alarmAt]).toEqual([null, null]);
};

export const idleTimeOffAndOn: HostScript = (cores) => {
  const timed = { leaseMs: LEASE_MS, idleTtlMs: IDLE_TTL_MS };
  const { stage } = left(cores, timed);
  stage.host.configure(JSON.stringify({ leaseMs: LEASE_MS }));
  stage.time += 2 * IDLE_TTL_MS;
  stage.leader("b").send({ type: "bye" });
  stage.host.configure(JSON.stringify(timed));
  const end = stage.time + IDLE_TTL_MS;
  stage.time = end - 1;
  stage.ring();
  expect([stage.storage.load().group === null, stage.alarmAt]).toEqual([false, end]);
};

/** Those who only look have filled their half of the sessions. */
export const watchersKeepNobodyOut: HostScript = ({ group }) => {
  const stage = new HostStage(group);
  stage.host.configure(JSON.stringify({ limits: { sessions: 4 } }));
  const watchers = ["w1", "w2", "w3"].map((name) => {
    const watcher = stage.connect(name, { role: "observe" });
    watcher.send({ type: "hello", sentAt: 1, observe: true, process: { name } });
    return watcher;
  });
  const contenders = ["a", "b"].map((name) => stage.join(name));
  expect([...watchers, ...contenders].map(({ ended }) => ended?.code ?? null)).toEqual([null, null, 4429, null, null]);
};

/** A subject that has stored its share adds nothing; another one does. */
export const debtorAddsNothing: HostScript = ({ group }) => {
  const stage = new HostStage(group);
  stage.host.configure(JSON.stringify({ limits: { rows: 8 } }));
  const [loud, quiet] = (["loud", "quiet"] as const).map((subject) => {
    const peer = stage.connect(subject, { role: "contend", subject });
    peer.send({ type: "hello", sentAt: 1, contenders: [], process: { name: subject } });
    return peer;
  });
  for (let index = 0; index < 12; index += 1) loud?.send({ type: "register", component: `c${index}` });
  quiet?.send({ type: "register", component: "c" });
  expect(loud?.last("error").code).toBe("limit_exceeded");
  expect([...stage.state.sessions.values()].map(({ contenders }) => contenders.size > 8)).toEqual([false, false]);
  expect(quiet?.last("registered").component).toBe("c");
};
