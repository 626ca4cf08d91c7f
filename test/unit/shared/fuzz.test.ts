import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { fuzzCodec } from "../../support/fuzz.ts";

const FRAMES = 20_000;

test("[E2] whatever a frame is, the codec makes a message or a refusal of it; `npm run soak` reads a million", () => {
  const seed = randomInt(2 ** 31);
  const messages = fuzzCodec(FRAMES, seed);
  expect(messages, `seed ${seed}`).toBeGreaterThan(FRAMES / 10);
  expect(messages, `seed ${seed}`).toBeLessThan(FRAMES);
});
