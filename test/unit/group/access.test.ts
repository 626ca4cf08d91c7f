import { expect, test } from "vitest";
import type { Access } from "../../../worker/group/state.ts";
import type { PeerProcess } from "./peer.ts";
import { GroupWorld } from "./world.ts";

/** A process whose rights are limited to `access`. */
function join(group: GroupWorld, name: string, access: Access, profile: PeerProcess["profile"]): PeerProcess {
  const peer = group.stranger(name, profile);
  peer.access = access;
  peer.connect().hello();
  return peer;
}

const forbidden = (component: string) => ({ type: "error", code: "forbidden", component });

test("a session that may only observe is refused as a contender, at hello and later, and observes", () => {
  const group = new GroupWorld();
  const observer = join(group, "observer", { role: "observe" }, { contenders: ["x"], observe: true });
  expect(observer.heard("error")).toMatchObject([forbidden("x")]);
  expect(observer.register("y")).toMatchObject([forbidden("y")]);
  expect(observer.heard("leaders")).toHaveLength(1);
  expect(group.status().elections).toEqual([]);
});

test("a session that may contend for some components contends for those", () => {
  const group = new GroupWorld();
  const a = join(group, "a", { role: "contend", components: ["x"] }, { contenders: ["x", "y"] });
  expect(a.heard("error")).toMatchObject([forbidden("y")]);
  expect(a.accept().components).toEqual(["x"]);
});

test("the rights of a connection outlive hibernation", () => {
  const group = new GroupWorld();
  const a = join(group, "a", { role: "contend", components: ["x"] }, { contenders: ["x"] });
  group.hibernate();
  expect(a.register("y")).toMatchObject([forbidden("y")]);
  expect(a.accept().components).toEqual(["x"]);
});

test("[S2] credentials that end close the socket with 4401; the terms go on where the session resumes in time", () => {
  const group = new GroupWorld();
  const a = join(group, "a", { role: "contend", until: group.now + 5_000 }, { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  group.hibernate();
  expect(group.alarm()).toBe(group.now + 5_000);
  group.advance(5_000);
  expect(a.closeCode).toBe(4401);
  expect(group.holder()).toBe("a");
  a.access = { role: "contend" };
  a.resume();
  expect(a.last("welcome").held).toEqual([leaderSessionId]);
  expect(group.alarm()).toBeNull();
});

test("credentials that end before the hello close the socket with the next event, and set no alarm", () => {
  const group = new GroupWorld();
  const a = group.stranger("a");
  a.access = { role: "contend", until: group.now + 1_000 };
  a.connect();
  expect(group.alarm()).toBeNull();
  group.advance(1_000);
  a.send({ type: "hello", sentAt: a.sentAt() }); // too late
  expect(a.closeCode).toBe(4401);
  expect(group.state.connections.size).toBe(0);
});

test("[S9] a resume that may contend for less gives up the contenders it may not have, and holds no election without one", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  const b = group.join("b", { contenders: ["x", "y"] });
  const { leaderSessionId } = a.accept();
  a.confirm("y");
  a.access = { role: "contend", components: ["x"] };
  a.resume();
  expect(a.last("welcome").held).toEqual([leaderSessionId]);
  expect(a.heard("error")).toMatchObject([forbidden("y")]);
  expect(group.state.components.get("y")?.record).toBeNull();
  a.access = { role: "observe" };
  a.resume();
  expect(a.last("welcome").held).toEqual([]);
  expect(group.holder()).toBe("a");
  a.release();
  b.accept();
});

test("[S9] a term goes on that is named once its contender is let in again, despite refusals in between", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  group.join("b", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  a.access = { role: "contend", components: [] };
  a.resume();
  expect(a.last("welcome").held).toEqual([]); // and this welcome may be lost
  a.access = { role: "contend" };
  a.resume({ held: [leaderSessionId] });
  expect(a.last("welcome").held).toEqual([leaderSessionId]);
  expect(a.last("grant")).toMatchObject({ leaderSessionId, components: ["x"], joined: true });
});
