import { expect, test } from "vitest";
import { fuzzCodec } from "../../support/fuzz.ts";
import { seed } from "../../support/seeded.ts";

const FRAMES = 20_000;

test("[E2] whatever a frame is, the codec makes a message or a refusal of it; `npm run soak` reads a million", () => {
  const messages = fuzzCodec(FRAMES, seed);
  expect(messages).toBeGreaterThan(FRAMES / 10);
  expect(messages).toBeLessThan(FRAMES);
});
