/**
 * `edge-election/testing/cloudflare-workers`: a stand-in for the module `cloudflare:workers`, so that the code of a Worker can
 * be imported on Node and tested on virtual time. `node --import edge-election/testing/cloudflare-workers` puts it in place;
 * for vitest name it as the alias of `cloudflare:workers`. It has the classes that Workers extend, and none of the platform
 * behind them.
 */
import runtime from "node:module";

const NAME = "cloudflare:workers";

class Base {
  readonly ctx: unknown;
  readonly env: unknown;
  constructor(ctx: unknown, env: unknown) {
    this.ctx = ctx;
    this.env = env;
  }
}

/** The base of Durable Objects. */
export class DurableObject extends Base {}
/** The base of entrypoints. */
export class WorkerEntrypoint extends Base {}
/** The base of workflows. */
export class WorkflowEntrypoint extends Base {}
/** The base of what is passed by reference. */
export class RpcTarget {}
/** Has nothing: on virtual time the test passes the bindings. */
export const env: Record<string, unknown> = {};
/** Has nothing. */
export const exports: Record<string, unknown> = {};
/** Waits for nothing: the promise settles by itself. */
export function waitUntil(_promise: PromiseLike<unknown>): void {}

const found = { url: import.meta.url, shortCircuit: true };

// Older versions of Node 22 have only the second way, and other runtimes perhaps neither.
if (typeof runtime.registerHooks === "function") {
  runtime.registerHooks({ resolve: (name, context, next) => (name === NAME ? found : next(name, context)) });
} else if (typeof runtime.register === "function") {
  const hook = `export const resolve = (name, context, next) => name === "${NAME}" ? ${JSON.stringify(found)} : next(name, context);`;
  runtime.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
