import { expect, test } from "vitest";
import { duration, processName, quoted } from "../../../worker/pages/dashboard/view/words.ts";

test("a name in a sentence can't turn the sentence around", () => {
  expect(quoted("api-1")).toBe("api-1");
  expect(quoted("عميل")).toBe("\u2068عميل\u2069");
  // Its own mark that would end the isolation is shown, and has no effect.
  expect(quoted("عميل\u2069")).toBe("\u2068عميل‹U+2069›\u2069");
});

test("a process without a name goes by its session", () => {
  expect(processName(null, "0123456789abcdef.1")).toBe("unnamed 01234567…");
  expect(processName("  ", "short.1")).toBe("unnamed short.1");
});

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1_000, "1.0 s"],
  [59_990, "59.9 s"],
  [60_000, "1 min"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 5 min"],
  [349_200_000, "4 d 1 h"],
  [-5, "0 ms"],
])("%i ms reads %s", (ms, text) => {
  expect(duration(ms).replaceAll("\u00a0", " ")).toBe(text);
});
