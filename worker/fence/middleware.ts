/** `fence()`: middleware with which a Hono app refuses the late requests of former leaders. */
import type { Context, Env, MiddlewareHandler } from "hono";
import { FENCE_HEADER, FENCE_TOKEN_HEADER, type Fence } from "../../shared/fence.ts";
import { FenceError, FenceTokenError, InvalidFenceError, StaleLeaderError } from "./errors.ts";
import { type Accepted, assertAccepted, assertOptions, readFence } from "./rule.ts";
import type { FenceVerifier } from "./token.ts";

/** The method that the middleware needs of a guard. All guards have it. */
export interface ClaimingGuard {
  claim(fence: Fence): void | Promise<void>;
}

/** The guard, the groups and components that the resource accepts, and whether it requires tokens. */
export interface FenceOptions<E extends Env> extends Accepted {
  /** Keeps the highest epoch. A function, if the guard needs the bindings of the request. */
  readonly guard: ClaimingGuard | ((context: Context<E>) => ClaimingGuard | Promise<ClaimingGuard>);
  /** Takes the fence from a signed token in `Edge-Election-Fence-Token`, and ignores the plain header. */
  readonly verifier?: FenceVerifier;
}

/** The variables that handlers behind the middleware have in `context.var`. */
export interface FencedEnv {
  Variables: { fence: Fence };
}

/**
 * Makes a middleware for Hono. Before the handler it refuses a late fence and remembers a newer one. The handler runs
 * later, so its writes need the guard again: write through the same guard with `context.var.fence`. If the handler
 * throws a `StaleLeaderError`, the response is 409. Throws a `TypeError` for an option that is unknown.
 */
export function fence<E extends Env = Env>(options: FenceOptions<E>): MiddlewareHandler<E & FencedEnv> {
  assertOptions(options, ["guard", "verifier"]);
  const { guard, verifier, ...accepted } = options;
  const fenceOf = async ({ req }: Context): Promise<Fence> => {
    const found = verifier
      ? await verifier(tokenIn(req.header(FENCE_TOKEN_HEADER)))
      : readFence(req.header(FENCE_HEADER));
    assertAccepted(found, accepted);
    return found;
  };
  return async (context, next) => {
    try {
      const found = await fenceOf(context);
      const keeper = typeof guard === "function" ? await guard(context as Context<E>) : guard;
      await keeper.claim(found);
      context.set("fence", found);
    } catch (error) {
      if (!(error instanceof FenceError)) throw error;
      return refusal(context, error);
    }
    await next();
    if (context.error instanceof StaleLeaderError) context.res = refusal(context, context.error);
    return undefined;
  };
}

function tokenIn(header: string | undefined): string {
  if (header !== undefined) return header;
  throw new InvalidFenceError(
    "fence_missing",
    `the header ${FENCE_TOKEN_HEADER} is missing: get a token with POST /v1/groups/{group}/fence/token`,
  );
}

/** The body has both epochs, so that a log shows which leadership was late, and after which one. */
function refusal(context: Context, error: FenceError) {
  const { code, message } = error;
  if (!(error instanceof StaleLeaderError)) return context.json({ error: { code, message } }, statusOf(error));
  const { fence: late, highest } = error;
  const { group, component, epoch } = late;
  return context.json({ error: { code, message, group, component, epoch, highestEpoch: highest.epoch } }, 409);
}

function statusOf(error: FenceError): 400 | 401 | 403 | 503 {
  if (error instanceof FenceTokenError) return 401;
  if (!(error instanceof InvalidFenceError)) return 503;
  return error.code === "fence_not_accepted" ? 403 : 400;
}
