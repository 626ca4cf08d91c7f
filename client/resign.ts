/** Stepping down of one's own accord. */
import type { ElectionName } from "../shared/names.ts";
import type { Shell } from "./shell.ts";
import { check } from "./validate.ts";

export interface ResignOptions {
  /** A session id: asked first. */
  readonly successor?: string;
}

/** Of an election that is not led here, a no-op. */
export async function resign(
  shell: Shell,
  election: ElectionName = "process",
  { successor }: ResignOptions = {},
): Promise<void> {
  check({ successor });
  const { driver } = shell;
  const { leaderSessionId } =
    driver.state().terms.find((term) => term.election === election && term.stage !== "offered") ?? {};
  if (!leaderSessionId) return;
  const wish = { type: "resign", leaderSessionId } as const;
  driver.dispatch(successor === undefined ? wish : { ...wish, successor });
  await shell.until(() => !driver.state().terms.some((term) => term.leaderSessionId === leaderSessionId));
}
