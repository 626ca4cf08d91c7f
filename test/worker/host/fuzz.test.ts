/** Random frames to a live group: what is refused writes no row, and a leader beside it goes on. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { clientMessageParser } from "../../../shared/protocol/client-codec.ts";
import { CLOSE } from "../../../shared/protocol/close-codes.ts";
import { byteLength } from "../../../shared/protocol/codec.ts";
import { InvalidField } from "../../../shared/protocol/fields.ts";
import { DEFAULT_LIMITS } from "../../../shared/protocol/limits.ts";
import { anyFrame, legalFrame } from "../../../tools/harness/frames.ts";
import { connect, freshGroup, join, rowsOf, stopClock } from "../support.ts";

const RUNS = 150;
const parse = clientMessageParser(DEFAULT_LIMITS);

function typeOf(frame: string): string | null {
  try {
    return parse(frame).type;
  } catch (error) {
    if (error instanceof InvalidField) return null;
    throw error;
  }
}

test("[E2] no frame of any kind before a hello writes a row", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  const before = await rowsOf(group);

  const noHello = anyFrame.filter((frame) => typeOf(frame) !== "hello" && frame !== "ping");
  await fc.assert(
    fc.asyncProperty(noHello, async (frame) => {
      const stranger = await connect(group);
      stranger.sendRaw(frame);
      // The first frame of a connection is within its burst, however large: too many it is never.
      const isTooLarge = byteLength(frame) > DEFAULT_LIMITS.messageBytes;
      expect((await stranger.closed).code).toBe(isTooLarge ? CLOSE.tooLarge : CLOSE.protocolViolation);
    }),
    { numRuns: RUNS },
  );
  expect(await rowsOf(group)).toEqual(before);
  expect(await client.renew(leaderSessionId)).toEqual([leaderSessionId]);
});

test("[K5] no request of any kind that is refused with an error writes a row", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group, { contenders: [{ component: "steady" }] });
  const { leaderSessionId } = await client.win();
  const { client: other } = await join(group, { contenders: [] });
  // A session without contenders and without terms: of these, every message is refused.
  const refusable = legalFrame.filter((frame) =>
    ["confirm", "resign", "release", "deregister"].includes(typeOf(frame) ?? ""),
  );
  const before = await rowsOf(group);
  await fc.assert(
    fc.asyncProperty(refusable, async (frame) => {
      pass(10); // below the limit on frames, and within the lease
      other.sendRaw(frame.replaceAll("$theirs", leaderSessionId));
      expect((await other.next("error")).code).toMatch(/^(not_leader|unknown_component)$/);
    }),
    { numRuns: RUNS },
  );
  expect(await rowsOf(group)).toEqual(before);
  expect(await client.renew(leaderSessionId)).toEqual([leaderSessionId]);
});
