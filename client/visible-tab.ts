/** `priority: visibleTab()`: the focused tab comes first. */
import type { PrioritySource } from "./page.ts";

/** What `visibleTab` needs of a `window`. */
export interface TabTarget {
  readonly document: { readonly visibilityState: string; hasFocus(): boolean };
  addEventListener(
    type: string,
    listener: () => void,
    options: { readonly capture: true; readonly signal: AbortSignal },
  ): void;
}

/**
 * The priority of a tab: 2 while it has the focus, 1 while it is visible, 0 while it is hidden. A change counts at the
 * next hand-over, or at once if the group's policy preempts. Without a tab the priority stays 0.
 */
export const visibleTab =
  (tab: TabTarget | undefined = globalThis.window): PrioritySource =>
  (set, signal) => {
    if (!tab) return;
    const { document } = tab;
    const look = (): void => {
      const isVisible = document.visibilityState === "visible";
      set(isVisible ? 1 + Number(document.hasFocus()) : 0);
    };
    for (const type of ["visibilitychange", "focus", "blur"]) {
      tab.addEventListener(type, look, { capture: true, signal });
    }
    look();
  };
