import { stdout } from "node:process";
import { afterAll, describe, expect, test } from "vitest";
import { hostMutants } from "./host-mutants.ts";
import { type Catch, hunt, report } from "./hunt.ts";

const catches: Catch[] = [];

describe("every known-wrong host is caught", () => {
  test.each(hostMutants)("$rule: $name", async (mutant) => {
    const caught = await hunt(mutant);
    expect(caught, "it has survived").not.toBeNull();
    if (caught !== null) catches.push(caught);
  });
});

afterAll(async () => {
  stdout.write(await report("mutants-host", catches));
});
