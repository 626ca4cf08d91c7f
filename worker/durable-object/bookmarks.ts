/**
 * Point-in-time recovery of an object's storage, behind a small port: the open-source runtime has none.
 *
 * Contract: `find` names the state at a time and changes nothing; it throws where the platform can't. `restore` takes
 * the object back to it: the object is restarted, and nothing that was written since is left.
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
