import { expect, test } from "vitest";
import {
  type Connection,
  type ConnectionEvent,
  connectionMessage,
  nextConnection,
} from "../../../worker/pages/dashboard/view/connection.ts";

const after = (...events: ConnectionEvent[]): Connection => events.reduce(nextConnection, { type: "opening" });
const say = (connection: Connection): string | null => connectionMessage(connection, (at) => `at ${at}`);

const reachable = (at: number): ConnectionEvent => ({ type: "reachable", at });
const unreachable = (at: number, seenAt: number | null, answer: string | null = null): ConnectionEvent => ({
  type: "unreachable",
  at,
  seenAt,
  answer,
});

test("the first connection is nothing to talk about", () => {
  expect(after(reachable(1))).toEqual({ type: "live" });
  expect(say(after(reachable(1)))).toBeNull();
});

test("a loss says how old the page is, and its end says that it is over, for a while", () => {
  const lost = after(reachable(1), unreachable(5_000, 4_000), unreachable(7_000, 4_000));
  expect(say(lost)).toMatch(/^Connection lost. What you see is from at 4000/);
  const recovered = nextConnection(lost, reachable(8_000));
  expect(say(recovered)).toMatch(/^Connected again after 3\.0\ss/);
  expect(nextConnection(recovered, reachable(9_000))).toBe(recovered);
  expect(nextConnection(recovered, { type: "tick", at: 17_999 })).toBe(recovered);
  expect(nextConnection(recovered, { type: "tick", at: 18_000 })).toEqual({ type: "live" });
});

test("a backend that was never reached is not called lost", () => {
  expect(say(after(unreachable(1, null)))).toBe("The backend can't be reached. The page retries by itself.");
  expect(say(after(unreachable(1, null, "LEASE_MS is too small")))).toContain("It answers: LEASE_MS is too small.");
});

test("401 asks for a token, 403 does not; neither becomes a loss", () => {
  const refused = (status: 401 | 403): ConnectionEvent => ({ type: "refused", status, message: "why" });
  expect(say(after(refused(401)))).toBe("Why.");
  expect(say(after(refused(403)))).toBe("Not allowed: why.");
  expect(after(refused(401), unreachable(1, null)).type).toBe("refused");
});

test("a closed connection stays closed", () => {
  const closed = after(reachable(1), { type: "closed", message: "why" });
  expect(nextConnection(nextConnection(closed, reachable(2)), unreachable(3, 1))).toBe(closed);
  expect(say(closed)).toContain("why");
});
