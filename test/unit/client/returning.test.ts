/** Components that leave and come back, over and over, while their frames wait: what the group counts by them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Contender } from "../../../client/index.ts";
import type { ClientMessage } from "../../../shared/protocol/messages.ts";
import { FakeGroup, settle } from "./fake-group.ts";

/** More frames than leave at once. */
const FRAMES = 90;
const XY = ["x", "y"] as const;

/** What a group sees of a client's frames. */
class Seen {
  counted = new Set<string>();
  readonly problems: string[] = [];
  readonly #ended = new Set<string>();
  #named: readonly string[] = [];

  constructor(messages: readonly ClientMessage[]) {
    for (const message of messages) {
      this.#count(message);
      if ("held" in message) this.#named = message.held ?? [];
      for (const id of this.#named)
        if (this.#ended.has(id)) this.problems.push(`${id} is named, and nobody was left to lead by it`);
      if (this.counted.size === 0) this.#endAll();
    }
  }

  #count(message: ClientMessage): void {
    if (message.type === "hello") this.counted = new Set(message.contenders?.map(({ component }) => component));
    if (message.type === "deregister") this.counted.delete(message.component);
    if (message.type !== "register") return;
    if (this.counted.has(message.component)) this.problems.push(`${message.component} is registered twice`);
    this.counted.add(message.component);
  }

  #endAll(): void {
    for (const id of this.#named) this.#ended.add(id);
    this.#named = [];
  }
}

/** A client whose components come and go. */
class Coming {
  readonly group = new FakeGroup();
  readonly #client = this.group.client({ lingerMs: 600_000 });
  readonly #contenders = new Map<string, Contender>();
  /** How long an `onRevoke` takes; 0 returns no promise. */
  drainMs = 0;

  get components(): string[] {
    return [...this.#contenders.keys()].sort();
  }

  get leading(): string[] {
    return this.components.filter((component) => this.#contenders.get(component)?.leadership?.isLeader());
  }

  comes(component: string): void {
    if (this.#contenders.has(component)) return;
    const drains = (): Promise<void> =>
      new Promise((resolve) => void this.group.clock.setTimeout(resolve, this.drainMs));
    const onRevoke = (): unknown => (this.drainMs > 0 ? drains() : undefined);
    this.#contenders.set(component, this.#client.contend(component, { onRevoke }));
  }

  leaves(component: string): void {
    void this.#contenders.get(component)?.close();
    this.#contenders.delete(component);
  }

  talks(): void {
    for (let priority = 0; priority < FRAMES; priority++) this.#client.setPriority(priority % 3);
  }
}

const component = fc.constantFrom("x", "y", "z");
const move = fc.oneof(
  { weight: 4, arbitrary: component.map((one) => ({ type: "toggle", one }) as const) },
  { weight: 6, arbitrary: component.map((one) => ({ type: "rejoin", one }) as const) },
  { weight: 1, arbitrary: fc.constant({ type: "all leave" } as const) },
  { weight: 2, arbitrary: fc.nat(400).map((ms) => ({ type: "wait", ms }) as const) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0, 30, 500).map((ms) => ({ type: "drain", ms }) as const) },
  { weight: 1, arbitrary: fc.constant({ type: "talk" } as const) },
  { weight: 1, arbitrary: fc.constant({ type: "cut" } as const) },
);

async function play(all: Coming, step: typeof move extends fc.Arbitrary<infer M> ? M : never): Promise<void> {
  switch (step.type) {
    case "toggle":
      return all.components.includes(step.one) ? all.leaves(step.one) : all.comes(step.one);
    case "rejoin":
      all.leaves(step.one);
      return all.comes(step.one);
    case "all leave":
      for (const one of all.components) all.leaves(one);
      return;
    case "wait":
      return all.group.clock.advance(step.ms);
    case "drain":
      all.drainMs = step.ms;
      return;
    case "talk":
      return all.talks();
    default:
      if (all.group.socket.readyState === 1) all.group.cut();
      return all.group.clock.advance(500);
  }
}

describe("components that leave and come back while their frames wait", () => {
  test("[S7] the group counts who stands, each once, and a term is named only while it counts one of them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 5, maxLength: 30 }), async (moves) => {
        const all = new Coming();
        for (const one of XY) all.comes(one);
        await all.group.clock.advance(100);
        all.talks();
        for (const step of moves) await play(all, step);
        await settle();
        await all.group.clock.advance(60_000);
        const { counted, problems } = new Seen(all.group.heard);
        expect(problems).toEqual([]);
        expect([...counted].sort()).toEqual(all.components);
        expect(all.leading).toEqual(all.components);
      }),
      { numRuns: 100 },
    );
  });

  test("[S7] two by turns, in one turn of the program", async () => {
    const all = new Coming();
    for (const one of XY) all.comes(one);
    await settle();
    for (let round = 0; round < 20; round++) for (const one of XY) await play(all, { type: "rejoin", one });
    await all.group.clock.advance(60_000);
    expect(new Seen(all.group.heard).problems).toEqual([]);
    expect(all.leading).toEqual(["x", "y"]);
  });

  test("[S7] all of them, and one comes back", async () => {
    const all = new Coming();
    for (const one of XY) all.comes(one);
    await settle();
    all.talks();
    for (const one of XY) await play(all, { type: "rejoin", one });
    for (const one of XY) all.leaves(one);
    await all.group.clock.advance(10_000);
    all.comes("x");
    await all.group.clock.advance(60_000);
    expect(new Seen(all.group.heard).problems).toEqual([]);
    expect(all.leading).toEqual(["x"]);
  });
});
