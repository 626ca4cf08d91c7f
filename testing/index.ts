/**
 * The entry point `edge-election/testing`: a process group in memory for tests of your own code, and the real backend on
 * this machine. Runs wherever the client does; only `startLocalBackend` and `electionWorker` need Node, and they load what
 * they need when called.
 *
 * Entry of the room `testing`. Tests of applications import it, and `bench/`, `examples/` and `tools/harness` may. It
 * imports `shared/`, `client/`, the group core and its host, what `worker/callers` asks of it, `testing/group`, and
 * `testing/node` when asked. It never touches a platform: only `testing/node` does.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { createFakeLeadership, type FakeLeadership, type FakeLeadershipOptions } from "./fake-leadership.ts";
import {
  type ElectionFaults,
  type ElectionFaultsOptions,
  faultsBy,
  type MiniflareTool,
  type VitestTool,
  type WranglerTool,
} from "./faults.ts";
import type { ElectionWorkerOptions, WorkerFor, WorkerTool } from "./node/election-worker.ts";
import type { LocalBackend } from "./node/local-backend.ts";
import type { LocalBackendOptions } from "./node/settings.ts";
import { assertElectionWorkerOptions, assertLocalBackendOptions, assertWorkerTool } from "./options.ts";
import { TestGroup, type TestGroupOptions } from "./test-group.ts";

/** Makes a group in memory. Deterministic: no timers, no network, randomness only from the seed. Throws for wrong options. */
export const createTestGroup = (options?: TestGroupOptions): TestGroup => new TestGroup(options);

/**
 * Starts the production Worker on the open-source runtime, on a free port of 127.0.0.1, without tokens unless `settings`
 * require them. Resolves when it accepts connections. Needs Node and the package `workerd`. Rejects with a `TypeError` for
 * wrong options.
 */
export async function startLocalBackend(options: LocalBackendOptions = {}): Promise<LocalBackend> {
  assertLocalBackendOptions(options);
  const { startBackend }: Partial<typeof import("./node/local-backend.ts")> = await import("./node/local-backend.ts");
  if (startBackend === undefined) throw new Error("startLocalBackend needs Node: use createTestGroup here");
  return startBackend(options);
}

/**
 * The shipped Worker, as one of the `workers` of a tool that runs Workers on this machine. For `runIfLeader` and for objects
 * that contend, other Workers bind its entrypoint `ElectionsEntrypoint`, by the name of this Worker. It serves everybody on
 * this machine unless `settings` require tokens. Needs Node. Rejects with a `TypeError` for wrong options.
 */
export async function electionWorker<Tool extends WorkerTool>(
  tool: Tool,
  options: ElectionWorkerOptions = {},
): Promise<WorkerFor[Tool]> {
  assertWorkerTool(tool);
  assertElectionWorkerOptions(options);
  const { describeWorker }: Partial<typeof import("./node/election-worker.ts")> = await import(
    "./node/election-worker.ts"
  );
  if (describeWorker === undefined) throw new Error("electionWorker needs Node: call it where the tool is started");
  return describeWorker(tool, options);
}

/**
 * What a tool can do to the objects of groups. The tool is a `Miniflare`, a Worker of wrangler's test harness, or the module
 * `cloudflare:test`. Throws a `TypeError` for anything else.
 */
export const electionFaults = <Options>(
  tool: MiniflareTool<Options> | WranglerTool | VitestTool,
  options?: ElectionFaultsOptions<Options>,
): ElectionFaults => faultsBy(tool, options);

/** Makes a leadership that the test grants and takes back by hand. Throws a `TypeError` for wrong options. */
export const fakeLeadership = (options: FakeLeadershipOptions = {}): FakeLeadership => createFakeLeadership(options);

export type { GroupStatus } from "../shared/protocol/status.ts";
export type { EndedTerm, Outcome } from "../worker/group/events.ts";
export type { PolicyOptions } from "../worker/group/policy.ts";
export type { FenceAnswer, FenceQuestion } from "../worker/group/views.ts";
export type { FakeLeadership, FakeLeadershipOptions } from "./fake-leadership.ts";
export type {
  ElectionFaults,
  ElectionFaultsOptions,
  MiniflareTool,
  VitestTool,
  WranglerTool,
} from "./faults.ts";
export type { Overlap, TestHistory, TestTerm, TestWrite } from "./history.ts";
export type { TestObject, TestStub } from "./hosted-object.ts";
export type { TestMember } from "./members.ts";
export type {
  ElectionWorkerOptions,
  Miniflare4Worker,
  MiniflareWorker,
  WorkerFor,
  WorkerTool,
  WranglerWorker,
} from "./node/election-worker.ts";
export type { LocalBackend } from "./node/local-backend.ts";
export type { LocalBackendOptions } from "./node/settings.ts";
export type { TestClientOptions } from "./tenant.ts";
export type { TestGroup, TestGroupOptions, TestObjectOptions, TestRevokeOptions } from "./test-group.ts";
