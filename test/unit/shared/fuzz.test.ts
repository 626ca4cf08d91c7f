import { expect, test } from "vitest";
import { foretell, fuzzCodec } from "../../../tools/harness/fuzz.ts";
import { seed } from "../../support/seeded.ts";

const FRAMES = 20_000;

test("[E2] the codec makes a message or a refusal of any frame; `npm run soak` reads a million", () => {
  const messages = fuzzCodec(FRAMES, seed);
  expect(messages).toBeGreaterThan(FRAMES / 10);
  expect(messages).toBeLessThan(FRAMES);
});

test("[E2] a frame that is too large is foretold as that, and as one too many only where the frames before it have used the burst up", () => {
  const large = "x".repeat(131_073);
  const renewals = (count: number) => Array.from({ length: count }, () => '{"type":"renew","sentAt":1,"held":[]}');

  expect(foretell([...renewals(90), large], true)).toMatchObject({ code: 4413, beyondBurst: false });
  expect(foretell([...renewals(91), large], true)).toMatchObject({ code: 4413, beyondBurst: true });
  expect(foretell([...renewals(99)], true)).toMatchObject({ code: null, beyondBurst: false });
  expect(foretell([...renewals(100)], true)).toMatchObject({ code: null, beyondBurst: true });
});
