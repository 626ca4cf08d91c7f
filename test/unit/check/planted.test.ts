import { expect, test } from "vitest";
import { checkTrace, type Verdict } from "../../../cli/check/check.ts";
import type { SeenAt } from "../../../cli/check/trace.ts";
import { answerTimeoutFor, leaseFor, PATIENCE_MS } from "../../../shared/lease.ts";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { type Cores, shippedCores } from "../../sim/cores.ts";
import { loadCores } from "../../sim/mutants/mutant.ts";
import { ANSWER, D, DRAIN, E, Play, R } from "../client/play.ts";
import { type Planted, planted } from "./planted.ts";

/** What the checker says of the trace that this play leaves behind, as text. */
async function verdictOn(cores: Cores, { play: plays, settings }: Planted, seen: SeenAt = "client"): Promise<Verdict> {
  const play = new Play(settings, cores, () => undefined);
  plays(play);
  const header = { kind: "trace", version: 1, seen };
  return checkTrace([header, ...play.trace.entries].map((line) => JSON.stringify(line)));
}

test.each(planted)("[E23] a trace shows that $name ($rule)", async (bug) => {
  const { findings } = await verdictOn(await loadCores(bug.edits), bug);
  expect(findings.map(({ rule }) => rule)).toContain(bug.rule);
});

test.each(planted)("[E23] the shipped client is accepted where $name", async (bug) => {
  for (const seen of ["client", "path"] as const) {
    expect(await verdictOn(shippedCores, bug, seen)).toMatchObject({ findings: [] });
  }
});

/** Where frames are seen on their way, nobody knows what a client has read, or when it has sent what. */
const SEEN_ON_THE_WAY = 18;

test("[E23] a part of them is found even where frames are seen on their way", async () => {
  const found = await Promise.all(
    planted.map(async (bug) => {
      const { findings } = await verdictOn(await loadCores(bug.edits), bug, "path");
      return findings.some(({ rule }) => rule === bug.rule) ? [bug.name] : [];
    }),
  );
  expect(planted.length).toBeGreaterThanOrEqual(30);
  expect(found.flat()).toHaveLength(SEEN_ON_THE_WAY);
});

test("[E23] [S9] a client that goes on by a late welcome presents the secret that it brought", async () => {
  const play = new Play();
  play.happens({ type: "observe", component: "y" });
  play.connects({ secret: "first" });
  play.loses();
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  const { sentAt } = play.opens();
  play.wait(ANSWER);
  play.hears({ ...welcome, secret: "second", resumed: true, sentAt });
  play.happens({ type: "observe", component: "z" });
  play.loses();
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  expect(play.opens().resume?.secret).toBe("second");
  const lines = [{ kind: "trace", version: 1, seen: "client" }, ...play.trace.entries].map((line) =>
    JSON.stringify(line),
  );
  expect((await checkTrace(lines)).findings).toEqual([]);
  const { findings } = await checkTrace(
    lines.map((line) => line.replace('"secret":"second","attempt"', '"secret":"first","attempt"')),
  );
  expect(findings).toMatchObject([{ rule: "S9", problem: "it presents an old secret" }]);
});

test("[E23] [S9] [N11] nobody waits for longer than 10 s for a welcome, however long the lease is", () => {
  const play = new Play();
  play.contend("x");
  play.connects({ lease: leaseFor(60_000), answerTimeoutMs: answerTimeoutFor(leaseFor(60_000)) });
  play.grants("L1", 1, "x");
  play.renewed();
  play.sleeps(36_000);
  play.loses();
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  const { sentAt } = play.opens();
  play.wait(PATIENCE_MS);
  play.happens({ ...play.session, secret: "second", resumed: true, sentAt, held: ["L1"] }, 1);
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  expect(play.opens().resume?.secret).toBe(welcome.secret);
});

test("[E23] [S11] a component that leaves as soon as it has stopped need not be told ready", async () => {
  const play = new Play();
  play.happens({ type: "observe", component: "y" }); // so that its session stays
  const x = play.contend("x", { election: "dedicated" });
  play.connects();
  play.grantsAlone("L1", 1, "x");
  play.wait(E, true);
  play.loses();
  play.wait(play.leaseUntil - play.now);
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  play.connects({ resumed: true, held: [] });
  expect(play.last("hello").busy).toEqual(["component:x"]);
  play.close(x);
  play.settles(x);
  for (const component of ["one", "two"]) {
    play.sleeps(1_500);
    play.happens({ type: "observe", component });
  }
  expect(play.last("deregister").component).toBe("x");
});

test("[E23] [S11] nor need its sibling that still stops", () => {
  const [play, x, y] = Play.leading(["x", "y"]);
  play.loses();
  play.wait(play.leaseUntil - play.now);
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  play.connects({ resumed: true, held: [] });
  expect(play.last("hello").busy).toEqual(["process"]);
  play.hears({ type: "next", inMs: 0 }); // so nothing of the hello was refused
  play.close(y);
  play.settles(y);
  for (const component of ["one", "two"]) {
    play.sleeps(1_500);
    play.happens({ type: "observe", component });
  }
  expect(play.last("deregister").component).toBe("y");
  play.settles(x);
});

test("[E23] [S11] nor its sibling, where it stands again at once and does not want to lead", () => {
  const [play, x, y] = Play.leading(["x", "y"]);
  play.happens({ type: "ready", ready: false, component: "y" });
  play.close(y);
  play.contend("y", { ready: false });
  play.wait(DRAIN, true); // `y` leaves, and is followed when it has stopped
  expect(play.last("resign").busy).toEqual(["process"]);
  play.settles(x, y);
  expect(play.last("register").component).toBe("y");
  for (const component of ["one", "two"]) {
    play.sleeps(1_500);
    play.happens({ type: "observe", component });
  }
  expect(play.says().at(-1)).toMatchObject({ type: "observe" });
});

test("[E23] [Q7] who stays out for a time is not taken for ready by being unready meanwhile", () => {
  const [play, x] = Play.leading(["x"]);
  play.happens({ type: "observe", component: "y" });
  play.happens({ type: "resign", leaderSessionId: "L1", stayOutMs: 60_000 });
  play.happens({ type: "ready", ready: false, component: "x" });
  play.settles(x);
  play.happens({ type: "ready", ready: true, component: "x" });
  for (const component of ["one", "two"]) {
    play.sleeps(1_500);
    play.happens({ type: "observe", component });
  }
  expect(play.says().at(-1)).toMatchObject({ type: "observe" });
});

test("[E23] [Q7] nor is its sibling, once the one has left by which it stays out", () => {
  const [play, x] = Play.leading(["x"]);
  play.happens({ type: "resign", leaderSessionId: "L1", stayOutMs: 60_000 });
  play.contend("y");
  play.settles(x);
  play.close(x);
  play.happens({ type: "ready", ready: true, component: "y" });
  for (const component of ["one", "two"]) {
    play.sleeps(1_500);
    play.happens({ type: "observe", component });
  }
  expect(play.last("deregister").component).toBe("x");
});

test("[E23] [S1] [S2] a late `welcome` of a longer lease and drain time makes neither longer", () => {
  const play = new Play();
  play.contend("x");
  play.connects({ drainMs: 0 });
  play.grants("L1", 1, "x");
  play.renewed();
  play.loses();
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  const { sentAt } = play.opens();
  play.wait(play.dueAt - play.now);
  const lease = { ...welcome.lease, renewDeadlineMs: 2 * R };
  play.happens({ ...play.session, lease, drainMs: DRAIN, sentAt, resumed: true, held: ["L1"] }, 1);
  play.sleeps(play.leaseUntil - play.now);
  while (play.state.connection.type !== "opening") play.wait(Math.max(0, play.dueAt - play.now));
  expect(play.called()).toContain("-x L1 expired");
  expect(play.opens().held).toEqual([]);
});

test("[E23] [S1] [N19] who ignores a late `welcome` still counts what an older connection answers, by its own R", () => {
  const [play, x] = Play.leading(["x"]);
  play.sleeps(2_000);
  play.hears({ type: "next", inMs: 0 });
  play.wait(ANSWER); // so another one is opened beside it
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  const { sentAt } = play.opens();
  play.wait(ANSWER);
  const lease = { ...welcome.lease, renewDeadlineMs: 2_000 };
  play.happens({ ...play.session, lease, sentAt, resumed: true, held: ["L1"] }, 1);
  play.happens({ type: "renewed", sentAt: play.last("renew").sentAt, held: ["L1"] }, 0);
  play.sleeps(1_500);
  expect(play.isLeader(x, "L1")).toBe(true);
  play.trace.leads("x", "L1", play.now);
  while (play.state.connection.type !== "opening") play.wait(Math.max(0, play.dueAt - play.now));
  expect(play.opens().held).toEqual(["L1"]);
});

test("[E23] [S10] who was stopping before its revoke keeps the time that it was given", () => {
  const [play] = Play.leading(["x"]);
  play.happens({ type: "ready", ready: false, component: "x" });
  play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 0 });
  for (let count = 0; count < 3; count++) {
    play.wait(E);
    expect(play.last("renew").held).toEqual(["L1"]);
    play.renewed(["L1"]);
  }
});

test("[E23] [S10] a late `welcome` may make the drain time longer of who stops before it sends anything", () => {
  const play = new Play();
  play.contend("x");
  play.connects({ drainMs: 500, answerTimeoutMs: 1_000 });
  play.grants("L1", 1, "x");
  play.renewed();
  play.loses();
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  const { sentAt } = play.opens();
  play.sleeps(1_000);
  play.hears({ ...play.session, drainMs: DRAIN, sentAt, resumed: true, held: ["L1"] });
  play.happens({ type: "ready", ready: false, component: "x" });
  play.wait(E, true);
  expect(play.last("renew").held).toEqual(["L1"]);
});

test("[E23] [S10] a term goes on whose component has stopped, while another one's `register` waits", () => {
  const [play, x] = Play.leading(["x"], { drainMs: 0 });
  for (let count = 0; count < 70; count++) play.happens({ type: "observe", component: `watched${count}` });
  play.contend("y");
  play.close(x);
  play.wait(E);
  expect(play.last("renew").held).toEqual(["L1"]);
});

test("[E23] [S8] who gives up a path by the time-out of the session before leaves without a word", () => {
  const [play, x] = Play.leading(["x"]);
  play.loses();
  play.wait(7_000);
  play.happens({ type: "bye" });
  play.settles(x);
  play.happens({ type: "opened" }, 1); // late, and is not answered
  expect(play.last("hello").held).toEqual([]);
  play.wait(60_000);
  expect(play.clientState()).toBe("closed");
});

test("[E23] [S8] nor does who is answered on it after that, once no lease can be counted", () => {
  const [play, x] = Play.leading(["x"], { drainMs: 1_000 });
  play.wait(E);
  const { sentAt } = play.last("renew");
  play.jumps(R); // its lease is over, and so is the time of the answer
  play.close(x); // and its `onRevoke` hangs, so the next one waits
  play.contend("x");
  expect(play.clientState()).toBe("connecting");
  play.sleeps(sentAt + D - play.now);
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, 0);
  expect(play.clientState()).toBe("idle");
});

test("[E23] [S11] a `register` that has waited for many frames follows an old statement, though the clock has jumped", () => {
  const play = new Play();
  play.contend("x");
  play.connects({ limits: { ...welcome.limits, messagesPerSecond: 10 } });
  for (let count = 0; count < 45; count++) {
    play.happens({ type: "observe", component: "y" });
    play.happens({ type: "unobserve", component: "y" });
  }
  play.jumps(9_000);
  play.contend("z");
  play.wait(8_000, true);
  expect(play.last("register").component).toBe("z");
});
