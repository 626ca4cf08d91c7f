/**
 * Two versions of the product beside each other: a Worker of one that binds the groups of the other, as during a deferred
 * or gradual deployment, on the open-source runtime and one folder of data.
 */
import { execFile } from "node:child_process";
import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { runtimeSettings } from "../../cli/backend/worker-bundle.ts";
import type { createElectionClient } from "../../client/node/index.ts";
import { workerTarget } from "../bundle-worker.ts";
import { inRepository, repositoryRoot } from "../paths.ts";
import { type Edit, editing } from "./edited-sources.ts";
import { portOf, recordedPath } from "./recorder.ts";
import { type Runtime, serveConfiguration } from "./runtime.ts";

/** One version, ready to run. */
export interface Version {
  readonly name: string;
  /** Path of its bundled Worker. It serves the app, and `POST /rpc/{method}/{group}` with the other arguments as JSON. */
  readonly worker: string;
  readonly createElectionClient: typeof createElectionClient;
}

/** Puts the files of a commit of this repository into the folder, with the packages that are installed here. */
export async function checkOut(commit: string, folder: string): Promise<void> {
  const archive = join(folder, "commit.tar");
  await run("git", ["-C", repositoryRoot, "archive", "--output", archive, commit]);
  await run("tar", ["-xf", archive, "-C", folder]);
  await symlink(inRepository("node_modules"), join(folder, "node_modules"));
}

const run = promisify(execFile);

/** A commit, or a tag. Its files are put into the folder. */
export async function versionAt(commit: string, folder: string): Promise<Version> {
  await checkOut(commit, folder);
  return versionOf({ name: commit, root: folder, edits: [], folder });
}

/** The present sources with these edits. */
export async function editedVersion(name: string, edits: readonly Edit[], folder: string): Promise<Version> {
  await symlink(inRepository("node_modules"), join(folder, "node_modules"));
  return versionOf({ name, root: repositoryRoot, edits, folder });
}

/** The app, and beside it the elections by RPC, for tests to call over HTTP. */
const ENTRY = `
  import app, { ElectionGroup, electionsOf } from "./worker/index.ts";
  export { ElectionGroup };
  export default {
    async fetch(request, env, context) {
      const [, rpc, method, group] = new URL(request.url).pathname.split("/");
      if (rpc !== "rpc") return app.fetch(request, env, context);
      try {
        return Response.json({ answer: await electionsOf(env.ELECTIONS)[method](group, ...(await request.json())) });
      } catch (error) {
        return Response.json({ error: String(error) });
      }
    },
  };
`;

interface Sources {
  readonly name: string;
  readonly root: string;
  readonly edits: readonly Edit[];
  /** For what is built. */
  readonly folder: string;
}

async function versionOf({ name, root, edits, folder }: Sources): Promise<Version> {
  const plugins = [editing(root, edits)];
  const worker = join(folder, "worker.bundle.js");
  const client = join(folder, "client.bundle.mjs");
  await build({
    ...workerTarget,
    plugins,
    stdin: { contents: ENTRY, resolveDir: root, loader: "js" },
    outfile: worker,
  });
  await build({
    plugins,
    entryPoints: [join(root, "client/node/index.ts")],
    outfile: client,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "silent",
  });
  const module: Pick<Version, "createElectionClient"> = await import(pathToFileURL(client).href);
  return { name, worker, createElectionClient: module.createElectionClient };
}

export interface Skewed {
  readonly worker: Version;
  /** The version that the groups' objects have. */
  readonly object: Version;
  /** Exists, and is used by one backend at a time. */
  readonly folder: string;
  /** Where clients find it. */
  readonly port: number;
  readonly bindings?: Readonly<Record<string, string>>;
  /** Another one is another namespace: another deployment. */
  readonly uniqueKey?: string;
}

/** Serves the Worker of one version with the objects of another, until the end of the scope. Its clients are judged. */
export async function serveSkewed(skewed: Skewed): Promise<Runtime> {
  const { worker, object, folder, port, bindings = {}, uniqueKey = "edge-election" } = skewed;
  const { compatibilityDate, compatibilityFlags } = await runtimeSettings();
  for (const name of ["data", "assets"]) await mkdir(join(folder, name), { recursive: true });
  const settings = { OPEN_MODE: "loopback", ...bindings };
  const texts = Object.entries(settings).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)}),`);
  await copyFile(worker.worker, join(folder, "main.js"));
  await copyFile(object.worker, join(folder, "objects.js"));
  const code = (file: string): string => `
    modules = [(name = "worker.js", esModule = embed "${file}")],
    compatibilityDate = "${compatibilityDate}",
    compatibilityFlags = ${JSON.stringify(compatibilityFlags)},`;
  await writeFile(
    join(folder, "versions.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "objects", worker = .objects),
    (name = "data", disk = (path = "data", writable = true)),
    (name = "assets", disk = (path = "assets")),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (${code("main.js")}
  bindings = [
    (name = "ELECTIONS", durableObjectNamespace = (className = "ElectionGroup", serviceName = "objects")),
    (name = "ASSETS", service = "assets"),
    ${texts.join("\n    ")}
  ],
);
const objects :Workerd.Worker = (${code("objects.js")}
  durableObjectNamespaces = [(className = "ElectionGroup", uniqueKey = "${uniqueKey}", enableSql = true)],
  durableObjectStorage = (localDisk = "data"),
);
`,
  );
  const runtime = await serveConfiguration(folder, "versions.capnp");
  const path = await recordedPath(portOf(runtime.url), port);
  return {
    url: path.url,
    said: runtime.said,
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]();
      await path[Symbol.asyncDispose]();
    },
  };
}
