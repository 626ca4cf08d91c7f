import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createPolicy } from "../../../worker/group/policy.ts";
import { shippedCores } from "../cores.ts";
import { type Run, replay } from "../run.ts";
import { forgottenLeaseMs, rejoinMs, takeoverBoundMs } from "./bounds.ts";

const guarantees = await readFile(fileURLToPath(new URL("../../../GUARANTEES.md", import.meta.url)), "utf8");

const rowOf = (event: string): string => guarantees.split("\n").find((line) => line.startsWith(`| ${event}`)) ?? "";

test("[N7] the bounds that the simulator holds the cores to are those of GUARANTEES.md", () => {
  const defaults = createPolicy();
  expect(rowOf("a waiting process on a dead path")).toContain(`${rejoinMs(defaults, 0.8) / 1_000} s`);
  expect(rowOf("revoked while it cannot be reached")).toContain(`${forgottenLeaseMs(defaults) / 1_000} s`);
  expect(takeoverBoundMs(defaults, { clockRate: 0.8, unresponsive: 2 })).toBe(82_500 + 2_850);
});

test("a lease of before the healing that is seen to be over only afterwards is no loss in peace", () => {
  const short = { leaseMs: 2_000, drainMs: 4_000, preempt: false } as const;
  const long = { leaseMs: 10_000, drainMs: 4_000, preempt: { cooldownMs: 5_000 } } as const;
  const run: Run = {
    setup: {
      seed: 0,
      policy: short,
      skewMs: 250,
      processes: [
        {
          rate: 1,
          stopsAsleep: false,
          priority: 0,
          onDisconnect: "keep",
          lingerMs: 3_000,
          contenders: [{ component: "x", dedicated: false, onGrant: "confirm", drain: "quick" }],
          watched: [],
        },
      ],
      callers: [{ rate: 0.800001, stopsAsleep: false, priority: 2, components: ["x"], drain: "quick" }],
    },
    moves: [
      { type: "deploy", policy: long, restart: false },
      { type: "caller-latency", place: 0, ms: 300 },
      { type: "advance", ms: 9_587 },
      { type: "caller-sleep", place: 0, ms: 9_000 }, // its lease runs out, and it sees that when it wakes
      { type: "happen", count: 2 },
      { type: "advance", ms: 7_000 },
      { type: "deploy", policy: short, restart: false }, // from now on no policy names how long that lease was
      { type: "priority", who: "leader", priority: 0 },
    ],
  };
  const heard: string[] = [];
  replay(shippedCores, run, (line) => heard.push(line));
  const peace = heard.findIndex((line) => line.endsWith("PEACE"));
  const end = heard.findIndex((line) => line.includes("R1 ends") && line.includes("(expired)"));
  expect(end).toBeGreaterThan(0);
  expect(end).toBeLessThan(peace);
});

test("a component that has left when it is granted once more holds nothing", () => {
  const process = { rate: 1, stopsAsleep: false, onDisconnect: "keep", watched: [] } as const;
  const x = { component: "x", dedicated: false, onGrant: "confirm", drain: "quick" } as const;
  const m = { ...x, component: "m" } as const;
  const run: Run = {
    setup: {
      seed: 0,
      policy: { leaseMs: 10_000, drainMs: 4_000, preempt: false },
      skewMs: 0,
      processes: [
        { ...process, priority: 0, lingerMs: 0, contenders: [{ ...m, dedicated: true }] },
        { ...process, priority: 1, lingerMs: 3_000, contenders: [m, x] },
        { ...process, priority: 2, lingerMs: 0, contenders: [x] },
        { ...process, priority: 0, lingerMs: 0, contenders: [x] },
      ],
    },
    moves: [
      { type: "advance", ms: 400 },
      { type: "latency", who: 1, upMs: 10, downMs: 100 },
      { type: "crash", skewMs: 0, told: true },
      { type: "advance", ms: 370 },
      { type: "close", who: 1, component: "x" }, // while the welcome is under way, and the refusal of its sibling
      { type: "advance", ms: 400 },
    ],
  };
  const heard: string[] = [];
  replay(shippedCores, run, (line) => heard.push(line));
  const left = heard.findIndex((line) => line.includes('B -> {"type":"deregister","component":"x"'));
  const granted = heard.findLastIndex(
    (line) => line.includes('B <- {"type":"grant"') && line.includes('"joined":true'),
  );
  expect(left).toBeGreaterThan(0);
  expect(granted).toBeGreaterThan(left);
});
