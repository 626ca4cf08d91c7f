/** Clean-up of what a process has started or made, which also runs when `process.exit` ends it. */

const acts = new Set<() => void>();

function actAll(): void {
  for (const act of [...acts].toReversed()) act();
}

/** The last act registered is the first called: a program ends before its folder is removed. Returns the way to unregister the act. */
export function atExit(act: () => void): () => void {
  if (!process.listeners("exit").includes(actAll)) process.once("exit", actAll);
  acts.add(act);
  return () => void acts.delete(act);
}
