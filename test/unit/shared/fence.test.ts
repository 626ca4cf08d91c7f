/** The header `Edge-Election-Fence`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFence, type Fence, parseFence } from "../../../shared/fence.ts";
import { InvalidField } from "../../../shared/protocol/fields.ts";
import { isName } from "../../../shared/protocol/names.ts";

const name = fc.stringMatching(/^[A-Za-z0-9._:/-]{1,128}$/).filter(isName);
const fence: fc.Arbitrary<Fence> = fc.record({
  group: name,
  component: name,
  epoch: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  leaderSessionId: fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((id) => id.length <= 64),
});

test("[FG5] any fence reads back from its header as it was written, in characters that a header may have", () => {
  fc.assert(
    fc.property(fence, (written) => {
      const header = encodeFence(written);
      expect(header).toMatch(/^[\x21-\x7e]+$/);
      expect(header.split("/")).toHaveLength(4);
      expect(parseFence(header)).toEqual(written);
    }),
  );
});

test("[FG5] any text is either a fence or refused with an InvalidField", () => {
  const nearly = fc.array(fc.oneof(fc.string(), name, fc.nat().map(String)), { minLength: 3, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        nearly.map((parts) => parts.join("/")),
      ),
      (text) => {
        let read: Fence;
        try {
          read = parseFence(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidField);
          return;
        }
        expect(parseFence(encodeFence(read))).toEqual(read);
      },
    ),
  );
});

test("[FG5] slashes and colons of names are percent-encoded", () => {
  const written = { group: "team/a", component: "jobs/42:run", epoch: 7, leaderSessionId: "nonce.1" };

  expect(encodeFence(written)).toBe("team%2Fa/jobs%2F42%3Arun/7/nonce.1");
  expect(parseFence("team%2fa/jobs%2F42:run/7/nonce.1")).toEqual(written);
});

test.each([
  ["", "group/component/epoch/leaderSessionId"],
  ["g/c/1", "group/component/epoch/leaderSessionId"],
  ["g/c/1/L/more", "group/component/epoch/leaderSessionId"],
  ["g/c/1/L, g/c/2/M", "group/component/epoch/leaderSessionId"],
  ["/c/1/L", "group"],
  ["g%/c/1/L", "group"],
  ["g g/c/1/L", "group"],
  ["g/../1/L", "component"],
  ["g/%2E/1/L", "component"],
  ["g/c/0/L", "epoch"],
  ["g/c/-1/L", "epoch"],
  ["g/c/01/L", "epoch"],
  ["g/c/1e3/L", "epoch"],
  ["g/c/1.0/L", "epoch"],
  ["g/c/9007199254740992/L", "epoch"],
  ["g/c/Infinity/L", "epoch"],
  ["g/c//L", "epoch"],
  ["g/c/1/", "leaderSessionId"],
  [`g/c/1/${"x".repeat(65)}`, "leaderSessionId"],
])("[FG5] %j is refused, and the message names %s", (header, part) => {
  expect(() => parseFence(header)).toThrow(InvalidField);
  expect(() => parseFence(header)).toThrow(part);
});
