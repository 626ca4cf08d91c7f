/**
 * The entry point `edge-election/fence`: guards for the resources that a leader writes to, a middleware, and fence tokens.
 * Runs in Node, Deno, Bun and Workers.
 *
 * Entry of the room `worker/fence`. `worker/http` may import it, and so may `cli/`, `tools/`, `bench/` and `examples/`.
 * It imports `shared/`, and Hono for the middleware and tokens. It never asks a group, and a guard never
 * writes without comparing.
 */

export { encodeFence, FENCE_HEADER, FENCE_TOKEN_HEADER, type Fence } from "../../shared/fence.ts";
export {
  type CompareAndSetGuard,
  type CompareAndSetStore,
  createCompareAndSetGuard,
  type Versioned,
} from "./compare-and-set.ts";
export { createD1Guard, type D1Guard, type D1Port, type D1StatementPort } from "./d1.ts";
export { createDurableObjectGuard, type DurableObjectGuard, type DurableObjectStoragePort } from "./durable-object.ts";
export { FenceError, FenceTokenError, type Highest, InvalidFenceError, StaleLeaderError } from "./errors.ts";
export { type ClaimingGuard, type FencedEnv, type FenceOptions, fence } from "./middleware.ts";
export { type Accepted, readFence } from "./rule.ts";
export { createSqlGuard, type SqlGuard, type SqlGuardOptions, type SqlPort } from "./sql.ts";
export { createSqlitePort, type SqliteConnection } from "./sqlite-port.ts";
export { FENCE_TABLE, type Placeholder } from "./table.ts";
export { createFenceVerifier, type FencePublicKey, type FenceVerifier, type FenceVerifierOptions } from "./token.ts";
