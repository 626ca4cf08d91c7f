import { stdout } from "node:process";
import { afterAll, describe, expect, test } from "vitest";
import { contenderMutants } from "./contender-mutants.ts";
import { type Catch, hunt, report } from "./hunt.ts";

const catches: Catch[] = [];

describe("every known-wrong core of contenders without a socket is caught", () => {
  test.each(contenderMutants)("$rule: $name", async (mutant) => {
    const caught = await hunt(mutant);
    expect(caught, "it has survived").not.toBeNull();
    if (caught !== null) catches.push(caught);
  });
});

afterAll(async () => {
  stdout.write(await report("mutants-contender", catches));
});
