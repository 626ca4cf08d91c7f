/**
 * The entry point `edge-election/testing`: a process group in memory for tests of your own code, and the real backend on
 * this machine. Runs wherever the client does; only `startLocalBackend` needs Node, and it loads what it needs when called.
 *
 * Entry of the room `testing`. Tests of applications import it. It imports `shared/`, `client/`, the group core and its
 * host, what `worker/callers` asks of it, `testing/group`, and `testing/node` when asked. It never touches a platform: only `testing/node` does.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import type { LocalBackend, LocalBackendOptions } from "./node/local-backend.ts";
import { assertLocalBackendOptions } from "./options.ts";
import { TestGroup, type TestGroupOptions } from "./test-group.ts";

/** Makes a group in memory. Deterministic: no timers, no network, randomness only from the seed. Throws for wrong options. */
export const createTestGroup = (options?: TestGroupOptions): TestGroup => new TestGroup(options);

/**
 * Starts the production Worker on the open-source runtime, on a free port of 127.0.0.1, without tokens.
 * Resolves when it accepts connections. Needs Node and the package `workerd`. Rejects with a `TypeError` for wrong options.
 */
export async function startLocalBackend(options: LocalBackendOptions = {}): Promise<LocalBackend> {
  assertLocalBackendOptions(options);
  const { startBackend }: Partial<typeof import("./node/local-backend.ts")> = await import("./node/local-backend.ts");
  if (startBackend === undefined) throw new Error("startLocalBackend needs Node: use createTestGroup here");
  return startBackend(options);
}

export type { GroupStatus } from "../shared/protocol/status.ts";
export type { EndedTerm, Outcome } from "../worker/group/events.ts";
export type { PolicyOptions } from "../worker/group/policy.ts";
export type { FenceAnswer, FenceQuestion } from "../worker/group/views.ts";
export type { Overlap, TestHistory, TestTerm, TestWrite } from "./history.ts";
export type { TestObject, TestStub } from "./hosted-object.ts";
export type { TestMember } from "./members.ts";
export type { LocalBackend, LocalBackendOptions } from "./node/local-backend.ts";
export type { TestClientOptions } from "./tenant.ts";
export type { TestGroup, TestGroupOptions, TestObjectOptions, TestRevokeOptions } from "./test-group.ts";
