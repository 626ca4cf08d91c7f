/**
 * Point-in-time recovery of an object's storage, behind a small port, because the open-source runtime has none.
 *
 * Contract: `find` names the state at a time and changes nothing; it rejects on a platform that can't. `restore` resolves
 * when it is certain that the object goes back to that state, everything written since being gone. It restarts the object
 * a second later: the caller's answer has left by then.
 */
export interface Bookmarks {
  find(at: number): Promise<string>;
  restore(bookmark: string): Promise<void>;
}

/** An object that is aborted answers nothing that is still on its way. */
const RESTART_AFTER_MS = 1_000;

export const platformBookmarks = (ctx: Pick<DurableObjectState, "storage" | "abort">): Bookmarks => ({
  find: (at) => ctx.storage.getBookmarkForTime(at),
  restore: async (bookmark) => {
    await ctx.storage.onNextSessionRestoreBookmark(bookmark);
    await ctx.storage.sync();
    setTimeout(() => ctx.abort("restored to an earlier point: call finishRestore()"), RESTART_AFTER_MS);
  },
});
