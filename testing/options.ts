/** The options of the test kit, checked in the call that gives them, by the checks of the client. */
import { CLIENT_OPTIONS, duration, optionsBy } from "../client/checks.ts";
import { MIN_LEASE_MS } from "../shared/lease.ts";
import { assertNames } from "../shared/options.ts";
import { name } from "../shared/protocol/codec.ts";
import { type Check, optional, record, where } from "../shared/protocol/fields.ts";
import type { WorkerTool } from "./node/election-worker.ts";

const seed: Check<number> = where((value): value is number => Number.isSafeInteger(value), "a whole number");

const milliseconds = (least: number): Check<number> =>
  where(
    (value): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= least,
    `a whole number of milliseconds, ${least} or more`,
  );

/** Does not look into the policy. */
export const assertTestGroupOptions = optionsBy({
  group: optional(name),
  seed: optional(seed),
  policy: optional(record),
  latencyMs: optional(duration),
});

const aText: Check<string> = where(
  (value): value is string => typeof value === "string" && value !== "",
  "a text that is not empty",
);

const assertCaller = optionsBy({ name: aText });

/** The name of another Worker. */
export const assertCallerName = (given: unknown): void => assertCaller({ name: given });

export const assertTestObjectOptions = optionsBy({ name: aText, env: record, binding: aText });

export function assertDelay(ms: unknown): void {
  if (!(typeof ms === "number" && Number.isFinite(ms) && ms >= 0))
    throw new RangeError(`the delay is ${ms} ms: give 0 or more`);
}

const backendFields = {
  leaseMs: optional(milliseconds(MIN_LEASE_MS)),
  drainMs: optional(milliseconds(0)),
  preemptCooldownMs: optional(milliseconds(0)),
  settings: optional(record),
};

export const assertLocalBackendOptions = optionsBy(backendFields);
export const assertElectionWorkerOptions = optionsBy({ ...backendFields, name: optional(aText) });

const TOOLS: readonly WorkerTool[] = ["miniflare", "miniflare-4", "vitest", "wrangler"];

export function assertWorkerTool(tool: WorkerTool): void {
  if (!TOOLS.includes(tool)) throw new TypeError(`the tool must be one of ${TOOLS.join(", ")}`);
}

/** What the test group decides for its clients. */
const DECIDED = ["url", "group", "token", "fetcher", "WebSocket", "clock"];
const TEST_CLIENT_OPTIONS = ["name", ...CLIENT_OPTIONS.filter((option) => !DECIDED.includes(option))];

/** Only the names: the client checks the rest. */
export const assertTestClientOptions = (options: object): void => assertNames(options, TEST_CLIENT_OPTIONS);
