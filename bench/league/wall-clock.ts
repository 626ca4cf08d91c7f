/** A wall clock that can step, in place of the process's own: `node --import` it, before anything that reads the time. */

const Real = Date;
let aheadMs = 0;

const now = (): number => Real.now() + aheadMs;

const Stepping = new Proxy(Real, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  get: (target, name, receiver) => (name === "now" ? now : Reflect.get(target, name, receiver)),
});

Object.defineProperty(globalThis, "Date", { value: Stepping, configurable: true, writable: true });

export function stepWallClock(ms: number): void {
  aheadMs += ms;
}
