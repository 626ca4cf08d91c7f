/** Peers that have vanished, and those that only ping: the platform's own timestamps, through real hibernation. */
import { evictDurableObject } from "cloudflare:test";
import { expect, onTestFinished, test, vi } from "vitest";
import { counted, freshGroup, join, objectOf, serverWith } from "../support.ts";

const HOUR_MS = 3_600_000;

/** The platform stamps its answers by the real clock: so what is long ago happens by a clock that is behind. */
function longAgo(ms = HOUR_MS): () => void {
  const { now } = Date;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => now() - ms);
  onTestFinished(() => clock.mockRestore());
  return () => clock.mockRestore();
}

const watching = { contenders: [], observe: true } as const;

test.each(["awake", "hibernated"])(
  "[N16] five dead paths fill a group that is %s: a newcomer is let in, and who pings stays",
  async (how) => {
    const group = freshGroup();
    const server = serverWith({ limits: { sessions: 10 } }); // half of them for those who only watch
    const goOn = longAgo();
    const peers = await Promise.all([1, 2, 3, 4, 5].map(() => join(group, watching, { server })));
    await expect(join(group, watching, { server })).rejects.toThrow("4429");
    goOn();
    const [first, second, ...dead] = peers.map(({ client }) => client);
    await first?.ping();
    await second?.ping();
    if (how === "hibernated") await evictDurableObject(objectOf(group), { webSockets: "hibernate" });

    const { client: newcomer } = await join(group, watching, { server });
    expect(await Promise.all(dead.map(({ closed }) => closed))).toMatchObject(dead.map(() => ({ code: 4408 })));
    for (const client of [first, second, newcomer]) await client?.ping();
    expect((await objectOf(group).status()).sessions).toBe(3);
  },
);

test("[N16] a sign of life closes those that have vanished: no alarm is set, and no row is written", async () => {
  const group = freshGroup();
  const server = serverWith({ leaseMs: HOUR_MS }); // a lost session is kept for as long
  const goOn = longAgo(90_000);
  const [a, b] = [await join(group, watching, { server }), await join(group, watching, { server })];
  goOn();
  const { rowsWritten, alarms } = await counted(group, async () => {
    a.client.send({ type: "unobserve", components: ["x"] });
    await b.client.closed;
  });
  expect({ code: b.client.closeCode, rowsWritten, alarms }).toEqual({ code: 4408, rowsWritten: 0, alarms: 0 });
  expect(a.client.closeCode).toBeNull();
});
