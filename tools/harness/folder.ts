import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "../../cli/at-exit.ts";

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** A process that was just killed may still be writing. */
const REMOVAL = { recursive: true, force: true, maxRetries: 5, retryDelay: 50 } as const;

/** A new folder that is removed at the end of the scope, or of this process. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "edge-election-test-"));
  const takeBack = atExit(() => rmSync(path, REMOVAL));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, REMOVAL);
      takeBack();
    },
  };
}
