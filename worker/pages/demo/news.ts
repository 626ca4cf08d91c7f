/** What the frame of a contender tells the stage around it. */
export type News =
  | { readonly type: "happened"; readonly text: string }
  /** How high the frame has to be, in pixels. */
  | { readonly type: "size"; readonly height: number }
  /** The frame is to be taken away, as a tab is that somebody closes. */
  | { readonly type: "close" };

export const tell = (news: News): void => {
  if (window.parent !== window) window.parent.postMessage(news, "*");
};
