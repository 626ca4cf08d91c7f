/** What a process has started or made ends with it, also where it is ended in the middle by `process.exit`. */

const acts = new Set<() => void>();

function actAll(): void {
  for (const act of [...acts].toReversed()) act();
}

/** Last asked, first called: a program that was started in a folder is ended before the folder goes. Gives the way to take it back. */
export function atExit(act: () => void): () => void {
  if (!process.listeners("exit").includes(actAll)) process.once("exit", actAll);
  acts.add(act);
  return () => void acts.delete(act);
}
