/** Messages from the frame of a contender to the stage around it. */
export type FrameMessage =
  | { readonly type: "happened"; readonly text: string }
  /** The height that the frame needs, in pixels. */
  | { readonly type: "size"; readonly height: number }
  /** The stage has to remove the frame, as if somebody closed a tab. */
  | { readonly type: "close" };

export const post = (message: FrameMessage): void => {
  if (window.parent !== window) window.parent.postMessage(message, "*");
};
