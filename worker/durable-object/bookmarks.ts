/**
 * Point-in-time recovery of an object's storage, behind a small port, because the open-source runtime has none.
 *
 * Contract: `find` names the state at a time and changes nothing; it rejects on a platform that can't. `restore` takes
 * the object back to that state: the object restarts, and everything written since is gone.
 */
export interface Bookmarks {
  find(at: number): Promise<string>;
  restore(bookmark: string): Promise<void>;
}

export const platformBookmarks = (ctx: DurableObjectState): Bookmarks => ({
  find: (at) => ctx.storage.getBookmarkForTime(at),
  restore: async (bookmark) => {
    await ctx.storage.onNextSessionRestoreBookmark(bookmark);
    ctx.abort("restored to an earlier point: call finishRestore()");
  },
});
