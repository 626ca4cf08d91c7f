import { expect, test } from "vitest";
import { replaceOnce } from "./mutant.ts";

const edit = { file: "f.ts", from: "a < b", to: "a <= b" };

test("a mutant replaces its text, whatever the white space", () => {
  expect(replaceOnce("if (a\n  < b) stop();", edit)).toBe("if (a <= b) stop();");
});

test("a mutant whose text is not there, or there twice, can't be made", () => {
  expect(() => replaceOnce("if (b > a) stop();", edit)).toThrow("0 places");
  expect(() => replaceOnce("a < b || a < b", edit)).toThrow("2 places");
});
