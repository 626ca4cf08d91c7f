/** How a behaviour is written down: its name begins with the rules that it shows, and it names what it needs. */
import { test as define, expect } from "vitest";
import type { Capability, Choice, Driver, Wait } from "./driver.ts";
import { Play } from "./play.ts";

export interface Terms {
  readonly needs?: readonly Capability[];
  /** What of a lease it waits for. Without it the lease outlasts the test, however busy the machine is. */
  readonly waitsFor?: Wait;
  readonly choice?: Choice;
}

export type Body = (play: Play) => Promise<void>;
export type Define = (name: string, terms: Terms, body: Body) => void;

/** A file of behaviours. It calls its parameter `test`, so that the names are found where rules and tests are compared. */
export type Chapter = (test: Define) => void;

/**
 * Defines a test for every behaviour that applies to this driver. One that does not is not skipped: it is named, with the
 * reason, by a test that fails when a driver lacks something that nothing needs.
 */
export function conform(driver: Driver, chapters: readonly Chapter[]): void {
  const left = new Map<Capability, string[]>();
  const test: Define = (name, { needs = [], waitsFor = "nothing", choice }, body) => {
    const missing = needs.find((need) => driver.lacks[need] !== undefined);
    const isAlone = !driver.sideBySide || needs.includes("restart"); // which ends the objects of the others, too
    const run = () => Play.run(driver, body, driver.leaseMs[waitsFor], choice);
    if (missing === undefined) (isAlone ? define : define.concurrent)(name, run);
    else left.set(missing, [...(left.get(missing) ?? []), name]);
  };
  for (const chapter of chapters) chapter(test);
  define(`${driver.name}: everything that it lacks keeps some behaviour from applying, for a reason`, () => {
    expect([...left.keys()].sort()).toEqual(Object.keys(driver.lacks).sort());
    for (const reason of Object.values(driver.lacks)) expect(reason).toMatch(/\w+ \w+/);
  });
}
