/** The local backend, as it is built: its Worker and pages are bundled once, where a checkout bundles its own for each start. */
import type { LocalBackend, LocalBackendOptions } from "../../cli/backend/local-backend.ts";
import { importLocalBackend } from "./built.ts";
import { recordedBackend } from "./recorder.ts";

export type { LocalBackend };

export async function startLocalBackend(options: LocalBackendOptions): Promise<LocalBackend> {
  const built = await importLocalBackend();
  return recordedBackend(built.startLocalBackend, options);
}
