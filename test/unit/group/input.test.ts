import { describe, expect, test } from "vitest";
import { badFrames, goodMessages } from "../../support/client-messages.ts";
import { byKey } from "./storage.ts";
import { GroupWorld } from "./world.ts";

/** A group with a leader, a candidate and an observer. */
function peaceful() {
  const group = new GroupWorld();
  const victim = group.join("victim", { contenders: ["x", { component: "d", election: "dedicated" }], observe: ["x"] });
  const other = group.join("other", { contenders: ["x", { component: "d", election: "dedicated" }], observe: true });
  victim.accept();
  victim.accept("component:d");
  victim.confirm("x", { address: "here" });
  for (const peer of [victim, other]) peer.inbox.clear();
  return { group, victim, other };
}

/** Everything but how the victim is connected: its link, and the exact end of its leases, written as it is lost. */
function withoutLossOf(sessionId: string, { rows }: GroupWorld["stored"]): object {
  const link = { type: "lost", at: 0 } as const;
  const sessions = rows.sessions.map((row) => (row.id === sessionId ? { ...row, link } : row));
  const elections = rows.elections.map((row) =>
    "horizon" in row.state ? { ...row, state: { ...row.state, horizon: 0 } } : row,
  );
  return byKey({ ...rows, sessions, elections });
}

describe("[E2] a malformed first frame closes its connection with 4400, stores nothing and harms nobody", () => {
  const { group, other } = peaceful();
  const hellos = badFrames.filter(({ type }) => type === "hello" || type === "other");
  test.each(hellos)("$type: $what", ({ frame }) => {
    const stranger = group.stranger("stranger").connect();
    const before = group.stored;
    stranger.sendRaw(frame);
    expect(stranger.closeCode).toBe(4400);
    expect(stranger.unread).toEqual([]);
    expect(group.stored).toBe(before);
    expect(other.unread).toEqual([]);
    expect(other.wire?.open).toBe(true);
  });
});

describe("[E2] a malformed frame of a session closes its connection with 4400 and loses nothing but the link", () => {
  const { group, victim, other } = peaceful();
  test.each(badFrames)("$type: $what", ({ frame }) => {
    group.advance(20);
    victim.inbox.clear();
    const before = group.stored;
    const leader = group.election();
    victim.sendRaw(frame);
    expect(victim.closeCode).toBe(4400);
    expect(victim.unread).toEqual([]);
    expect(withoutLossOf(victim.sessionId, group.stored)).toEqual(withoutLossOf(victim.sessionId, before));
    expect(group.election()).toMatchObject({ ...leader, horizon: expect.any(Number) });
    expect(other.unread.map(({ type }) => type)).toEqual(["next", "renewed"]); // it may be needed soon
    expect(other.renew()).toEqual([]);
    other.inbox.clear();
    victim.resume();
    expect(victim.last("welcome").held).toHaveLength(2);
    other.inbox.clear();
  });
});

test.each([
  ["bytes", new Uint8Array([123, 125]).buffer],
  ["an ArrayBuffer", new ArrayBuffer(2)],
])("[E2] a binary frame, %s, closes with 4400", (_what, frame) => {
  const { victim } = peaceful();
  victim.sendRaw(frame);
  expect(victim.closeCode).toBe(4400);
});

const firstFrames = goodMessages.filter(({ type }) => type !== "hello");
test.each(firstFrames)("[E2] a $type before hello closes with 4400 and stores nothing", (message) => {
  const group = new GroupWorld();
  const stranger = group.stranger("stranger").connect();
  stranger.say(message);
  expect(stranger.closeCode).toBe(4400);
  expect(group.during(() => stranger.say(message))).toEqual([]);
  expect(group.stored.rows.sessions).toEqual([]);
});

test("[E2] a second hello closes with 4400, a resume of one's own session included", () => {
  const { group, victim } = peaceful();
  const { sessionId, secret } = victim;
  const before = group.stored.rows.sessions.find(({ id }) => id === sessionId);
  victim.hello({ resume: { sessionId, secret, attempt: 5 } });
  expect(victim.closeCode).toBe(4400);
  const after = group.stored.rows.sessions.find(({ id }) => id === sessionId);
  expect(after).toEqual({ ...before, link: { type: "lost", at: group.now } });
});

test("[E2] the reason of a close names the field and what it takes", () => {
  const { victim } = peaceful();
  victim.sendRaw('{"type":"renew","sentAt":"now","held":[]}');
  expect(victim.wire?.closed?.reason).toContain("sentAt must be a finite number");
});
