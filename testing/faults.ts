/** Faults of the real backend that runs inside a tool for local tests: what that tool can do to the objects of groups. */

/** The part of a `Miniflare` that is used. */
export interface MiniflareTool<Options = never> {
  unsafeEvictDurableObject?(worker: string, className: string, object: Evicted): Promise<void>;
  setOptions(options: Options): Promise<void>;
  /** Its address. */
  readonly ready?: Promise<URL>;
}

/** The part of a Worker in wrangler's test harness that is used: `server.getWorker("edge-election")`. */
export interface WranglerTool {
  evictDurableObject?(className: string, object: Evicted): Promise<void>;
}

/** The part of the module `cloudflare:test` that is used. */
export interface VitestTool {
  evictDurableObject?(stub: never, how: Pick<Evicted, "webSockets">): Promise<void>;
  abortAllDurableObjects?(): Promise<void>;
}

interface Evicted {
  name: string;
  webSockets: "close" | "hibernate";
}

/** Which Worker has the groups, and what the tool needs to reach them. */
export interface ElectionFaultsOptions<Options = never> {
  /** Name of the Worker that has the groups. Default `edge-election`. */
  readonly worker?: string;
  /** For `replace` in Miniflare: the options that it was made with. */
  readonly options?: Options;
  /** For vitest: the binding of the groups. */
  readonly namespace?: { idFromName(name: string): unknown; get(id: never): unknown };
}

/**
 * What can happen to a group's object. Each method resolves when it has happened, and rejects with an error that names the
 * remedy if the tool can't do it.
 */
export interface ElectionFaults {
  /** It leaves memory while its sockets stay: clients notice nothing. Nothing happens if it is not in memory. */
  hibernate(group: string): Promise<void>;
  /** It leaves memory, and its sockets are closed. Rejects if it is not in memory: ask it something first. */
  evict(group: string): Promise<void>;
  /** The objects of all groups end in the midst of their work, and others take their place, as with a deployment. */
  replace(): Promise<void>;
}

const cannot = (what: string, lacks: string, instead: string): Promise<never> =>
  Promise.reject(new Error(`this version of the tool can't ${what}: it has no ${lacks}. ${instead}`));

/** The tools' own words. */
const NOT_IN_MEMORY = "not currently running";

/** The two faults that differ in what becomes of the sockets. */
const evictions = (
  evict: (group: string, webSockets: Evicted["webSockets"]) => Promise<void>,
): Pick<ElectionFaults, "hibernate" | "evict"> => ({
  hibernate: (group) =>
    evict(group, "hibernate").catch((error: unknown) => {
      if (!(error instanceof Error && error.message.includes(NOT_IN_MEMORY))) throw error;
    }),
  evict: (group) => evict(group, "close"),
});

/** Throws a `TypeError` for what is none of these tools. */
export function faultsBy<Options>(
  tool: MiniflareTool<Options> | WranglerTool | VitestTool,
  options: ElectionFaultsOptions<Options> = {},
): ElectionFaults {
  if ("setOptions" in tool) return ofMiniflare(tool, options);
  if ("abortAllDurableObjects" in tool) return ofVitest(tool, options.namespace);
  if ("evictDurableObject" in tool || "scheduled" in tool) return ofWrangler(tool as WranglerTool);
  throw new TypeError(
    "the tool must be a Miniflare, a Worker of wrangler's test harness, or the module cloudflare:test",
  );
}

function ofMiniflare<Options>(
  tool: MiniflareTool<Options>,
  { worker = "edge-election", options }: ElectionFaultsOptions<Options>,
): ElectionFaults {
  const evict = async (name: string, webSockets: Evicted["webSockets"]): Promise<void> => {
    if (tool.unsafeEvictDurableObject === undefined)
      return cannot(
        "evict an object",
        "unsafeEvictDurableObject",
        "Use a newer Miniflare, such as 5.20261102.0-beta or 4.20260730.0; replace() ends all objects",
      );
    await tool.unsafeEvictDurableObject(worker, "ElectionGroup", { name, webSockets });
  };
  return {
    ...evictions(evict),
    async replace() {
      if (options === undefined) throw new TypeError("replace() needs `options`: what the Miniflare was made with");
      // Without it the objects would come back at another address, which no client knows.
      const port = Number((await tool.ready)?.port);
      await tool.setOptions(port > 0 ? { ...options, port } : options);
    },
  };
}

function ofWrangler(tool: WranglerTool): ElectionFaults {
  const evict = async (name: string, webSockets: Evicted["webSockets"]): Promise<void> => {
    if (tool.evictDurableObject === undefined)
      return cannot("evict an object", "evictDurableObject", "Use a newer wrangler, such as 4.156.2");
    await tool.evictDurableObject("ElectionGroup", { name, webSockets });
  };
  return {
    ...evictions(evict),
    replace: () => cannot("replace objects", "method for it on a Worker", "Call server.update((options) => options)"),
  };
}

function ofVitest(tool: VitestTool, namespace: ElectionFaultsOptions["namespace"]): ElectionFaults {
  const evict = async (name: string, webSockets: Evicted["webSockets"]): Promise<void> => {
    if (namespace === undefined) throw new TypeError("this needs `namespace`: the binding of the groups");
    if (tool.evictDurableObject === undefined)
      return cannot("evict an object", "evictDurableObject", "Use @cloudflare/vitest-plugin 1.5.0 or newer");
    await tool.evictDurableObject(namespace.get(namespace.idFromName(name) as never) as never, { webSockets });
  };
  return {
    ...evictions(evict),
    async replace() {
      if (tool.abortAllDurableObjects === undefined)
        return cannot("replace objects", "abortAllDurableObjects", "Use @cloudflare/vitest-plugin 1.5.0 or newer");
      await tool.abortAllDurableObjects();
    },
  };
}
