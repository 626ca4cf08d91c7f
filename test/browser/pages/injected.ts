/** A tab that is hidden, as far as its page can tell, in a browser that hides none. */
import type { ClientOptions, PageTarget, TabTarget } from "../../../client/index.ts";

/** Stands for the `window`. Its document is itself. */
export class InjectedView extends EventTarget implements PageTarget, TabTarget {
  readonly document = this;
  visibilityState = "visible";

  hasFocus(): boolean {
    return this.visibilityState === "visible";
  }

  show(isVisible: boolean): void {
    this.visibilityState = isVisible ? "visible" : "hidden";
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

const MINUTE_MS = 60_000;
/** So late timers of a hidden tab were that were set while a frame arrived: one after the other, again and again. */
const LATE_MS = [100, 2_500, 0, 4_000, 1_000] as const;

/** Timers of a hidden tab under intensive throttling: they come once a minute, unless they were set while a frame arrived. */
export function throttledTimers(): Required<Pick<ClientOptions, "clock" | "WebSocket">> {
  let [hearing, timers] = [0, 0];
  const clock: ClientOptions["clock"] = {
    monotonic: () => performance.now(),
    wall: () => Date.now(),
    setTimeout: (callback, ms) => {
      const lateMs =
        hearing > 0 ? (LATE_MS[timers++ % LATE_MS.length] ?? 0) : MINUTE_MS - (performance.now() % MINUTE_MS);
      const timer = setTimeout(callback, ms + lateMs);
      return () => clearTimeout(timer);
    },
    clearTimeout: (stop) => {
      if (typeof stop === "function") stop();
    },
  };
  class HearingSocket extends WebSocket {
    override addEventListener(type: string, listener: (event: Event) => void): void {
      super.addEventListener(type, (event) => {
        hearing++;
        listener(event);
        hearing--;
      });
    }
  }
  return { clock, WebSocket: HearingSocket };
}
