/** An earlier commit of this repository, whose backend and client run beside the present ones. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type LocalBackend, startLocalBackend } from "../cli/backend/local-backend.ts";
import { temporaryFolder } from "../tools/harness/folder.ts";
import { checkOut } from "../tools/harness/versions.ts";
import { OPEN_TO_LOOPBACK } from "./backend.ts";
import { bundleWorkerOf } from "./bundle.ts";
import type { OpenClient } from "./member.ts";

export interface Earlier {
  readonly backend: LocalBackend;
  readonly open: OpenClient;
}

/** Checks the commit out into a temporary folder. */
export async function withEarlier<T>(commit: string, work: (earlier: Earlier) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder();
  const tree = folder.path;
  await checkOut(commit, tree);
  const worker = join(tree, "earlier-worker.js");
  await bundleWorkerOf(join(tree, "bench/election-worker/index.ts"), worker);
  const { createElectionClient }: { createElectionClient: OpenClient } = await import(
    pathToFileURL(join(tree, "client/node/index.ts")).href
  );
  const backend = await startLocalBackend({ bindings: OPEN_TO_LOOPBACK, workerBundle: worker });
  try {
    return await work({ backend, open: createElectionClient });
  } finally {
    await backend.kill();
  }
}
