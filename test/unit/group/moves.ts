/** Random histories of a group: what processes, networks, hosts and operators do, in any order. */
import fc from "fast-check";
import { electionOf } from "../../../shared/protocol/names.ts";
import type { PeerProcess } from "./peer.ts";
import type { Poller } from "./poller.ts";
import type { GroupWorld } from "./world.ts";

const contenders = {
  x: { component: "x" },
  y: { component: "y" },
  d: { component: "d", election: "dedicated" },
  e: { component: "e", election: "dedicated" },
} as const;
type Component = keyof typeof contenders;
const components = ["x", "y", "d", "e"] as const;
const electionOfComponent = (component: Component) =>
  electionOf(component, component === "d" || component === "e" ? "dedicated" : "process");

/** A move is named after what it does to which process, so that a failing run reads as a story. */
export interface Move {
  readonly does: string;
  readonly to: (group: GroupWorld) => void;
}

const toldAs = (does: string) => ({ [fc.toStringMethod]: () => does });

/** The peer that stands at `index` now; the leader of the process election where it is negative. */
function peerAt(group: GroupWorld, index: number): PeerProcess | undefined {
  const { peers } = group;
  const leader = peers.find(({ name }) => name === group.holder());
  return index < 0 ? (leader ?? peers[0]) : peers[index % Math.max(1, peers.length)];
}

const talks = (peer: PeerProcess | undefined): peer is PeerProcess =>
  peer?.wire?.open === true && peer.sessionId !== "";

const peerIndex = fc.integer({ min: -3, max: 4 });
const component = fc.constantFrom(...components);

/** A move of one peer that is connected and has been welcomed. */
function ofPeer<T>(
  does: string,
  argument: fc.Arbitrary<T>,
  act: (peer: PeerProcess, argument: T, group: GroupWorld) => void,
) {
  return fc.tuple(peerIndex, argument).map(([index, value]): Move => {
    const name = `peer ${index} ${does} ${JSON.stringify(value) ?? ""}`;
    return {
      does: name,
      to: (group) => {
        const peer = peerAt(group, index);
        if (talks(peer)) act(peer, value, group);
      },
      ...toldAs(name),
    };
  });
}

function ofGroup<T>(does: string, argument: fc.Arbitrary<T>, act: (group: GroupWorld, argument: T) => void) {
  return argument.map((value): Move => {
    const name = `${does} ${JSON.stringify(value) ?? ""}`;
    return { does: name, to: (group) => act(group, value), ...toldAs(name) };
  });
}

const nothing = fc.constant(undefined);
const durations = fc.constantFrom(0, 1, 300, 1_000, 2_000, 2_500, 5_000, 8_000, 9_999, 10_000, 21_000);

/** Renews what it holds, and what it was granted last. */
export function acceptAll(peer: PeerProcess): void {
  const granted = [...peer.grants.values()].filter(({ joined }) => !joined).map((grant) => grant.leaderSessionId);
  peer.renew(...new Set([...peer.held(), ...granted.filter((id) => !peer.finished.has(id))]));
}

const comeBack = (peer: PeerProcess): void => {
  if (peer.sessionId === "") peer.connect().hello();
  else peer.resume();
};

const peerMoves = [
  { weight: 12, arbitrary: ofPeer("accepts", nothing, acceptAll) },
  { weight: 4, arbitrary: ofPeer("renews", nothing, (peer) => peer.renewHeld()) },
  { weight: 2, arbitrary: ofPeer("shows that it lives", nothing, (peer) => peer.renew()) },
  {
    weight: 3,
    arbitrary: ofPeer("is busy with", fc.subarray([...components]), (peer, names) => {
      peer.busy = [...new Set(names.map(electionOfComponent))];
      peer.renewHeld();
    }),
  },
  {
    weight: 3,
    arbitrary: ofPeer("leaves questions open:", fc.boolean(), (peer, silent) => {
      peer.silent = silent;
    }),
  },
  {
    weight: 2,
    arbitrary: ofPeer("gives back what it was granted for", component, (peer, name) => {
      if (peer.grants.has(electionOfComponent(name))) peer.refuse(electionOfComponent(name));
    }),
  },
  {
    weight: 4,
    arbitrary: ofPeer("confirms", component, (peer, name) => {
      const grant = peer.grants.get(electionOfComponent(name));
      if (grant === undefined) return;
      peer.confirm(name, { leaderSessionId: grant.leaderSessionId, address: `a${peer.world.number() % 3}` });
    }),
  },
  {
    weight: 3,
    arbitrary: ofPeer("resigns", fc.tuple(component, peerIndex), (peer, [name, successor], group) => {
      const election = electionOfComponent(name);
      if (peer.grants.has(election)) peer.resign(election, successor > 0 ? peerAt(group, successor) : undefined);
    }),
  },
  {
    weight: 3,
    arbitrary: ofPeer("releases", component, (peer, name) => {
      if (peer.grants.has(electionOfComponent(name))) peer.release(electionOfComponent(name));
    }),
  },
  { weight: 3, arbitrary: ofPeer("registers", component, (peer, name) => peer.register(contenders[name])) },
  { weight: 3, arbitrary: ofPeer("deregisters", component, (peer, name) => peer.deregister(name)) },
  {
    weight: 2,
    arbitrary: ofPeer("has priority", fc.integer({ min: -2, max: 2 }), (peer, priority) =>
      peer.say({ type: "priority", priority }),
    ),
  },
  {
    weight: 1,
    arbitrary: ofPeer("has priority for d", fc.integer({ min: -2, max: 2 }), (peer, priority) =>
      peer.say({ type: "priority", priority, component: "d" }),
    ),
  },
  {
    weight: 2,
    arbitrary: ofPeer("observes", fc.constantFrom<true | "x" | "d">(true, "x", "d"), (peer, what) =>
      peer.say({ type: "observe", components: what === true ? what : [what] }),
    ),
  },
  {
    weight: 1,
    arbitrary: ofPeer("observes no longer", fc.constantFrom<true | "x">(true, "x"), (peer, what) =>
      peer.say({ type: "unobserve", components: what === true ? what : [what] }),
    ),
  },
  { weight: 3, arbitrary: ofPeer("is cut off", nothing, (peer) => peer.drop()) },
  {
    weight: 2,
    arbitrary: ofPeer("hears nothing any more", nothing, (peer) => {
      if (peer.wire !== null) Object.assign(peer.wire, { deaf: true, silentSince: peer.world.clock });
    }),
  },
  { weight: 2, arbitrary: ofPeer("says bye", nothing, (peer) => peer.bye()) },
  { weight: 1, arbitrary: ofPeer("says nonsense", nothing, (peer) => peer.sendRaw("{}")) },
];

const networkMoves = [
  {
    weight: 8,
    arbitrary: ofGroup("comes back: peer", peerIndex, (group, index) => {
      const peer = peerAt(group, index);
      if (peer !== undefined) comeBack(peer);
    }),
  },
  {
    weight: 2,
    arbitrary: ofGroup("comes back having ended everything: peer", peerIndex, (group, index) => {
      const peer = peerAt(group, index);
      if (peer === undefined || peer.sessionId === "") return;
      peer.endAll();
      peer.resume({ held: [] });
    }),
  },
  {
    weight: 1,
    arbitrary: ofGroup("gives up a connection whose hello is on the way: peer", peerIndex, (group, index) => {
      const peer = peerAt(group, index);
      if (peer !== undefined && peer.sessionId !== "" && !peer.wire?.open) peer.abandonAttempt();
    }),
  },
  {
    weight: 2,
    arbitrary: ofGroup("the hello of an abandoned connection arrives: peer", peerIndex, (group, index) => {
      peerAt(group, index)?.arriveLate();
    }),
  },
  {
    weight: 3,
    arbitrary: ofGroup("a process joins with", fc.subarray([...components]), (group, names) => {
      if (group.peers.length < 5)
        group.join(`p${group.number()}`, { contenders: names.map((name) => contenders[name]) });
    }),
  },
];

/** A move of one process without a socket. */
function ofPoller<T>(does: string, argument: fc.Arbitrary<T>, act: (poller: Poller, argument: T) => void) {
  return fc.tuple(fc.nat(2), argument).map(([index, value]): Move => {
    const name = `poller ${index} ${does} ${JSON.stringify(value) ?? ""}`;
    return {
      does: name,
      to: (group) => {
        const poller = group.pollers[index];
        if (poller !== undefined) act(poller, value);
      },
      ...toldAs(name),
    };
  });
}

const pollerMoves = [
  { weight: 10, arbitrary: ofPoller("polls", nothing, (poller) => void poller.poll()) },
  { weight: 2, arbitrary: ofPoller("polls, and the answer is lost", nothing, (poller) => poller.pollInVain()) },
  { weight: 2, arbitrary: ofPoller("gives up a call that is on the way", nothing, (poller) => poller.pollLate()) },
  { weight: 3, arbitrary: ofPoller("has given up a call that arrives", nothing, (poller) => void poller.arriveLate()) },
  {
    weight: 2,
    arbitrary: ofPoller("is not ready", nothing, (poller) => poller.poll({ accept: false })),
  },
  {
    weight: 2,
    arbitrary: ofPoller("contends for", fc.subarray([...components]), (poller, names) => {
      poller.change(names.map((name) => contenders[name]));
    }),
  },
  { weight: 3, arbitrary: ofPoller("has stopped", nothing, (poller) => poller.stop()) },
  { weight: 2, arbitrary: ofPoller("resigns", nothing, (poller) => poller.resign()) },
  { weight: 1, arbitrary: ofPoller("leaves", nothing, (poller) => poller.leave()) },
];

const hostMoves = [
  { weight: 14, arbitrary: ofGroup("time passes", durations, (group, ms) => group.advance(ms)) },
  { weight: 2, arbitrary: ofGroup("time passes, and the alarm is late", durations, (group, ms) => group.sleep(ms)) },
  { weight: 2, arbitrary: ofGroup("somebody looks", nothing, (group) => group.tick()) },
  { weight: 4, arbitrary: ofGroup("hibernates", nothing, (group) => group.hibernate()) },
  { weight: 2, arbitrary: ofGroup("wakes up, and knows its leaders only", nothing, (group) => group.wakeUp()) },
  {
    weight: 3,
    arbitrary: ofGroup("crashes onto a host with the clock off by", fc.constantFrom(0, 500, -500), (group, skew) => {
      group.skew = skew;
      group.crash();
    }),
  },
  {
    weight: 2,
    arbitrary: ofGroup("an operator revokes", component, (group, name) => {
      group.revoke(electionOfComponent(name), { successor: group.peers[0]?.sessionId ?? null });
    }),
  },
  { weight: 1, arbitrary: ofGroup("an operator pauses", fc.boolean(), (group, paused) => group.pause(paused)) },
  { weight: 1, arbitrary: ofGroup("an operator cleans up", fc.boolean(), (group, force) => void group.cleanup(force)) },
  {
    weight: 1,
    arbitrary: ofGroup(
      "an operator asks to restore what was stored before the last rows, so many of them",
      fc.nat(30),
      (group, count) => {
        group.restore(group.bookmarks.at(-1 - count) ?? group.bookmarks[0]);
      },
    ),
  },
  {
    weight: 1,
    arbitrary: ofGroup("a deployment sets D to", fc.constantFrom(4_000, 10_000), (group, leaseMs) =>
      group.configure({ ...group.options, leaseMs }),
    ),
  },
];

export const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(...peerMoves, ...networkMoves, ...pollerMoves, ...hostMoves),
  {
    maxLength: 60,
    size: "max",
  },
);
