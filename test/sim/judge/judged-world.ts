/** The part of the world that the judges look at. */
import type { Cores } from "../cores.ts";
import type { Backend } from "../world/backend.ts";
import type { Caller } from "../world/caller.ts";
import type { Process } from "../world/process.ts";

export interface JudgedWorld {
  readonly cores: Cores;
  readonly backend: Backend;
  readonly processes: readonly Process[];
  readonly callers: readonly Caller[];
  tell(line: () => string): void;
}
