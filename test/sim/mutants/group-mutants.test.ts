import { stdout } from "node:process";
import { afterAll, describe, expect, test } from "vitest";
import { callerMutants } from "./caller-mutants.ts";
import { groupSessionMutants } from "./group-session-mutants.ts";
import { groupTermMutants } from "./group-term-mutants.ts";
import { type Catch, hunt, report } from "./hunt.ts";

const catches: Catch[] = [];

describe("every known-wrong group core is caught", () => {
  test.each([...groupTermMutants, ...groupSessionMutants, ...callerMutants])("$rule: $name", async (mutant) => {
    const caught = await hunt(mutant);
    expect(caught, "it has survived").not.toBeNull();
    if (caught !== null) catches.push(caught);
  });
});

afterAll(async () => {
  stdout.write(await report("mutants-group", catches));
});
