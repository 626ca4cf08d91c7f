/**
 * Abuses by peers with good tokens, and by strangers, each as fast as it is answered, or as its limits let it. Each
 * prepares, and then attacks until it is stopped.
 */
import { Agent } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import type { ClientMessage, Hello } from "../../shared/protocol/messages.ts";
import { peerOn } from "../../tools/harness/socket-peer.ts";
import { tokenFor } from "../../tools/harness/tokens.ts";
import { inParallel } from "../sockets.ts";
import {
  type Attack,
  FRAME_EVERY_MS,
  join,
  lanes,
  look,
  open,
  refusedSocket,
  type Sent,
  say,
  talking,
  type Victim,
  welcomed,
} from "./attacker.ts";

export interface Abuse {
  /** What the attacker does. */
  readonly name: string;
  readonly prepare: (victim: Victim, sent: Sent) => Promise<Attack>;
}

const LANES = 16;

const WATCHERS = 950;
const NAMES = 256;
const ASKERS = 8;

const watchedNames: Abuse = {
  name: `${WATCHERS} sessions of one subject watch ${NAMES} made-up names each, and ${ASKERS} more send \`observe: true\``,
  async prepare(victim, sent) {
    const token = tokenFor("observe", { subject: "watcher" });
    await inParallel(WATCHERS, (session) =>
      join(victim, token, { observe: Array.from({ length: NAMES }, (_, name) => `s${session}-n${name}`) }, sent),
    );
    const ask: ClientMessage = { type: "observe", components: true };
    return (running) =>
      Promise.all(Array.from({ length: ASKERS }, () => talking(victim, token, {}, [ask], sent)(running)));
  },
};

const SESSIONS_IN_ELECTIONS = 200;
const AT_ONCE = 16;
/** Each takes some 10 ms of the runtime. */
const LARGE_HELLOS_AT_ONCE = 8;
const RENEW_EVERY_MS = 2_000;

const status: Abuse = {
  name: `${SESSIONS_IN_ELECTIONS} sessions contend in ${NAMES} elections each, and one peer asks for the status, ${AT_ONCE} times at once`,
  async prepare(victim, sent) {
    const contenders = Array.from({ length: NAMES }, (_, name) => ({
      component: `e${name}`,
      election: "dedicated" as const,
    }));
    const contend = async (session: number): Promise<void> => {
      const socket = await open(victim, tokenFor("contend", { subject: `candidate-${session}` }), sent);
      if (socket !== null) await standing(socket, contenders);
    };
    await inParallel(SESSIONS_IN_ELECTIONS, contend, LARGE_HELLOS_AT_ONCE);
    const token = tokenFor("observe", { subject: "asker" });
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    return lanes(AT_ONCE, () => look(victim, token, agent, sent));
  },
};

/** It contends like an honest session: it renews what it leads, and answers what it is asked. */
async function standing(socket: WebSocket, contenders: Hello["contenders"]): Promise<void> {
  const peer = peerOn(socket);
  await peer.hello({ ...(contenders && { contenders }) });
  setInterval(() => {
    const held = peer.inbox.all("grant").map(({ leaderSessionId }) => leaderSessionId);
    for (const message of peer.inbox.messages.filter(({ type }) => type !== "grant")) peer.inbox.take(message.type);
    if (socket.readyState === WebSocket.OPEN) peer.send({ type: "renew", sentAt: peer.sentAt(), held });
  }, RENEW_EVERY_MS);
}

/** Until the next cut, once all are back. */
const CUT_EVERY_MS = 3_000;

const disconnects = (count: number): Abuse => ({
  name: `${count.toLocaleString("en")} sessions that contend, each with a token of its own, are cut at once, resume at once, and so on`,
  async prepare(victim, sent) {
    const contenders = [{ component: "a" }];
    const tokens = Array.from({ length: count }, (_, index) => tokenFor("contend", { subject: `crowd-${index}` }));
    let crowd = await inParallel(count, (index) => welcomed(victim, tokens[index] ?? "", { contenders }, sent));
    let attempt = 0;
    const comeBack = (index: number) => {
      const known = crowd[index];
      const resume = known && { sessionId: known.sessionId, secret: known.secret, attempt };
      return welcomed(victim, tokens[index] ?? "", { contenders, ...(resume && { resume }) }, sent);
    };
    return async (running) => {
      while (running()) {
        attempt += 1;
        for (const session of crowd) session?.socket.terminate();
        sent.answered("cut at once");
        crowd = await inParallel(count, comeBack);
        await pause(running() ? CUT_EVERY_MS : 0);
      }
    };
  },
});

let newcomers = 0;

const joins: Abuse = {
  name: `${LANES} peers at once join as contenders with ever new tokens, and cut the socket`,
  prepare: async (victim, sent) =>
    lanes(LANES, async () => {
      newcomers += 1;
      const token = tokenFor("contend", { subject: `newcomer-${newcomers}` });
      (await join(victim, token, { contenders: [{ component: "a" }] }, sent))?.terminate();
    }),
};

/** So many a stranger keeps; the runtime has two descriptors for each. */
const IGNORED = 4_000;
const STRANGERS = 32;

const ignoredCloses: Abuse = {
  name: `strangers ask for sockets, every other one as a page, and ignore that they are closed: up to ${IGNORED.toLocaleString("en")} at once`,
  async prepare(victim, sent) {
    const kept: Socket[] = [];
    return lanes(STRANGERS, async (lane) => {
      kept.push(await refusedSocket(victim, lane % 2 === 0, sent));
      if (kept.length > IGNORED) kept.shift()?.destroy();
    });
  },
};

const history: Abuse = {
  name: "one contender takes and resigns an election as fast as it may",
  async prepare(victim, sent) {
    const token = tokenFor("contend", { subject: "resigner" });
    return async (running) => {
      while (running()) {
        const socket = await open(victim, token, sent);
        if (socket !== null) await resigning(socket, sent, running);
        await pause(FRAME_EVERY_MS);
      }
    };
  },
};

async function resigning(socket: WebSocket, sent: Sent, running: () => boolean): Promise<void> {
  const granted: string[] = [];
  socket.on("message", (data) => {
    const { type, leaderSessionId } = JSON.parse(String(data));
    if (type === "grant") granted.push(leaderSessionId);
  });
  const contenders = [{ component: "history", election: "dedicated" as const }];
  say(socket, { type: "hello", sentAt: 1, contenders }, sent);
  for (let sentAt = 2; running() && socket.readyState === WebSocket.OPEN; sentAt += 1) {
    await pause(FRAME_EVERY_MS);
    const leaderSessionId = granted.shift();
    if (leaderSessionId === undefined) say(socket, { type: "renew", sentAt, held: [] }, sent);
    else {
      // A term that was never renewed leaves no trace.
      say(socket, { type: "renew", sentAt, held: [leaderSessionId] }, sent);
      await pause(FRAME_EVERY_MS);
      sent.answered("term");
      say(socket, { type: "resign", leaderSessionId, sentAt: sentAt + 0.5 }, sent);
    }
  }
  socket.terminate();
}

const rows: Abuse = {
  name: "a contender registers and deregisters, an observer changes what it watches, and a third asks for the status: one connection each, as fast as each may",
  async prepare(victim, sent) {
    const component = "row";
    const contending = talking(
      victim,
      tokenFor("contend", { subject: "row-contender" }),
      {},
      [
        { type: "register", component, election: "dedicated" },
        { type: "deregister", component },
      ],
      sent,
    );
    const watching = talking(
      victim,
      tokenFor("observe", { subject: "row-observer" }),
      {},
      [
        { type: "observe", components: ["x", "y"] },
        { type: "unobserve", components: ["x", "y"] },
      ],
      sent,
    );
    const token = tokenFor("observe", { subject: "row-asker" });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const asking = lanes(1, () => look(victim, token, agent, sent));
    return (running) => Promise.all([contending(running), watching(running), asking(running)]);
  },
};

/** Half of them with one subject, half without any. */
const fillers = (role: "observe" | "contend", hello: Partial<Hello>): Abuse["prepare"] => {
  return async (victim, sent) => {
    const tokens = [tokenFor(role, { subject: "filler" }), tokenFor(role)];
    return lanes(LANES, async (lane) => {
      (await join(victim, tokens[lane % 2] ?? "", hello, sent))?.terminate();
    });
  };
};

const observers: Abuse = {
  name: `${LANES} peers at once begin and leave sessions as observers, half of them of one subject, half without`,
  prepare: fillers("observe", { observe: true }),
};

const contenders: Abuse = {
  name: `${LANES} peers at once begin and leave sessions as contenders, half of them of one subject, half without`,
  prepare: fillers("contend", { contenders: [{ component: "a" }] }),
};

const quiet: Abuse = {
  name: "nothing: the two leaders and a newcomer every two seconds",
  prepare: async () => async (running) => {
    while (running()) await pause(FRAME_EVERY_MS);
  },
};

/** By the id of their rows in the results. */
export const ABUSES = {
  quiet,
  "watched-names": watchedNames,
  status,
  disconnects: disconnects(3_000),
  storm: disconnects(4_500),
  joins,
  "ignored-closes": ignoredCloses,
  history,
  rows,
  "sessions-observe": observers,
  "sessions-contend": contenders,
} satisfies Record<string, Abuse>;

export type AbuseId = keyof typeof ABUSES;
export const abuseIds = Object.keys(ABUSES) as AbuseId[];
