import type { RuntimeSettings } from "./worker-bundle.ts";

export interface WorkerdConfig extends RuntimeSettings {
  readonly host: string;
  readonly port: number;
  /** File name of the Worker's bundle, beside the configuration file. */
  readonly bundleFile: string;
  readonly dataDirectory: string;
  /** The static files of the Worker's pages. */
  readonly assetsDirectory: string;
  readonly bindings: Readonly<Record<string, string>>;
  /** Whether the Worker has an index of its groups; its class is in the bundle then. Default true. */
  readonly index?: boolean;
  /** Bindings whose text the runtime takes from its environment. */
  readonly fromEnvironment?: readonly string[];
  /** For all of the runtime, such as `--max-heap-size=128`. */
  readonly v8Flags?: readonly string[];
}

/**
 * The runtime's configuration as Cap'n Proto text: the Worker, its Durable Object on disk, one socket. The outbound
 * service allows no address, since the backend calls nobody. docs/DEPLOYMENT.md shows the same text.
 */
export function workerdConfig(config: WorkerdConfig): string {
  const { index = true } = config;
  const classes = [
    `(className = "ElectionGroup", uniqueKey = "edge-election", enableSql = true)`,
    ...(index ? [`(className = "GroupIndex", uniqueKey = "edge-election-index", enableSql = true)`] : []),
  ];
  const bindings = [
    `(name = "ELECTIONS", durableObjectNamespace = "ElectionGroup")`,
    ...(index ? [`(name = "GROUP_INDEX", durableObjectNamespace = "GroupIndex")`] : []),
    `(name = "ASSETS", service = "assets")`,
    `(name = "GROUP_FILES", service = "files")`,
    ...Object.entries(config.bindings).map(([name, value]) => `(name = ${quoted(name)}, text = ${quoted(value)})`),
    ...(config.fromEnvironment ?? []).map((name) => `(name = ${quoted(name)}, fromEnvironment = ${quoted(name)})`),
  ];
  const v8Flags = config.v8Flags?.length ? `\n  v8Flags = [${config.v8Flags.map(quoted).join(", ")}],` : "";
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .elections),
    (name = "data", disk = (path = ${quoted(config.dataDirectory)}, writable = true)),
    (name = "files", disk = (path = ${quoted(config.dataDirectory)})),
    (name = "assets", disk = (path = ${quoted(config.assetsDirectory)})),
    (name = "outbound", network = (allow = [])),
  ],
  sockets = [(name = "http", address = ${quoted(`${config.host}:${config.port}`)}, http = (), service = "main")],${v8Flags}
);

const elections :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed ${quoted(config.bundleFile)})],
  compatibilityDate = ${quoted(config.compatibilityDate)},
  compatibilityFlags = [${config.compatibilityFlags.map(quoted).join(", ")}],
  durableObjectNamespaces = [
    ${classes.join(",\n    ")},
  ],
  durableObjectStorage = (localDisk = "data"),
  globalOutbound = "outbound",
  bindings = [
    ${bindings.join(",\n    ")},
  ],
);
`;
}

/** A Cap'n Proto text literal, with the escapes of C except `\u`. */
function quoted(text: string): string {
  return `"${[...text].map(escaped).join("")}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  if (character >= " ") return character;
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
