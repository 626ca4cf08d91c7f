import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createPolicy } from "../../worker/group/policy.ts";
import { forgottenLeaseMs, rejoinMs, takeoverBoundMs } from "./liveness.ts";

const guarantees = await readFile(fileURLToPath(new URL("../../GUARANTEES.md", import.meta.url)), "utf8");

const rowOf = (event: string): string => guarantees.split("\n").find((line) => line.startsWith(`| ${event}`)) ?? "";

test("[N7] the bounds that the simulator holds the cores to are those of GUARANTEES.md", () => {
  const defaults = createPolicy();
  expect(rowOf("a waiting process on a dead path")).toContain(`${rejoinMs(defaults, 0.8) / 1_000} s`);
  expect(rowOf("revoked while it cannot be reached")).toContain(`${forgottenLeaseMs(defaults) / 1_000} s`);
  expect(takeoverBoundMs(defaults, { clockRate: 0.8, unresponsive: 2 })).toBe(82_500 + 2 * 2_000);
});
