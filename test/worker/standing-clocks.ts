/**
 * Before each file of the tier `clocks-worker`: clocks as the platform has them. They stand still while code runs, and move
 * when an event comes to an object: a request, a frame, an alarm, a call and so its answer. A timer's callback shows the time
 * at which it was due, however late it is.
 */
import { ElectionGroup } from "../../worker/index.ts";
import { clocksStandStill } from "../support/seeded.ts";
import { Contending } from "./callers/contending.ts";

const trueNow = Date.now.bind(Date);
const setTrueTimeout = globalThis.setTimeout;
const startedAt = trueNow();
let shown = startedAt;

function move(): void {
  shown = Math.max(shown, trueNow());
}

const shownNow = (): number => shown;

function moveAtEvents(prototype: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (typeof value !== "function" || name === "constructor") continue;
    const handler = function (this: unknown, ...event: unknown[]): unknown {
      move();
      return Reflect.apply(value, this, event);
    };
    Object.defineProperty(prototype, name, { value: handler, configurable: true, writable: true });
  }
}

function setTimer(callback: (...values: unknown[]) => void, ms = 0, ...values: unknown[]): unknown {
  const dueAt = shown + ms;
  return setTrueTimeout(() => {
    shown = Math.max(shown, dueAt);
    callback(...values);
  }, ms);
}

// Files share their isolate: once is enough.
if (clocksStandStill && Date.now.name !== shownNow.name) {
  Date.now = shownNow;
  performance.now = () => shownNow() - startedAt;
  Object.assign(globalThis, { setTimeout: setTimer });
  moveAtEvents(ElectionGroup.prototype);
  moveAtEvents(Contending.prototype);
}
