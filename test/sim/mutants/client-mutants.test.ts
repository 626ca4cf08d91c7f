import { stdout } from "node:process";
import { afterAll, describe, expect, test } from "vitest";
import { clientMutants } from "./client-mutants.ts";
import { type Catch, hunt, report } from "./hunt.ts";

const catches: Catch[] = [];

describe("every known-wrong session core is caught", () => {
  test.each(clientMutants)("$rule: $name", async (mutant) => {
    const caught = await hunt(mutant);
    expect(caught, "it has survived").not.toBeNull();
    if (caught !== null) catches.push(caught);
  });
});

afterAll(async () => {
  stdout.write(await report("mutants-client", catches));
});
