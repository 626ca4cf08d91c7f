/** What every fence guard has to show, for any store. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Fence, type Highest, InvalidFenceError, StaleLeaderError } from "../../worker/fence/index.ts";

/** A write that the store has taken. */
export interface Written {
  readonly value: number;
  readonly epoch: number;
  readonly leaderSessionId: string;
}

/** A counter in a real store: incremented by a read and, later, a write of what was read plus one. */
export interface FencedCounter {
  /** The value of the newest write; 0 before the first. */
  read(): Promise<number>;
  write(value: number, fence: Fence): Promise<void>;
  claim(fence: Fence): Promise<void>;
  /** Writes, then fails, in one and the same guarded act. */
  writeAndFail(fence: Fence): Promise<void>;
  highest(fence: Fence): Promise<Highest | null>;
  /** In their order. */
  written(): Promise<readonly Written[]>;
}

/** `guarded: false`: the same store without the guard, for experiments that have to be able to fail. */
export type OpenCounter = (guarded: boolean) => Promise<FencedCounter>;

/** Increments that a later write has undone: values that were written more than once. */
export const lostUpdates = (writes: readonly Pick<Written, "value">[]): number =>
  writes.length - new Set(writes.map(({ value }) => value)).size;

export const fenceOf = (epoch: number, leaderSessionId = `L${epoch}`, component = "counter"): Fence => ({
  group: "shop",
  component,
  epoch,
  leaderSessionId,
});

const entry = (value: number, { epoch, leaderSessionId }: Fence): Written => ({ value, epoch, leaderSessionId });

export function guardContract(name: string, open: OpenCounter, numRuns: number): void {
  test(`[FG1] ${name}: refuses a lower epoch and an equal one of another leadership, and names both`, async () => {
    const counter = await open(true);
    await counter.write(1, fenceOf(7));
    await counter.write(2, fenceOf(7));

    await expect(counter.write(3, fenceOf(6))).rejects.toMatchObject({
      code: "stale_leader",
      retryable: false,
      fence: fenceOf(6),
      highest: { epoch: 7, leaderSessionId: "L7" },
      message: expect.stringMatching(/^epoch 6 of counter in shop is refused: epoch 7 was seen already\. Stop/),
    });
    await expect(counter.write(3, fenceOf(7, "another"))).rejects.toThrow("this epoch belongs to another leadership");
    await counter.write(3, fenceOf(8));
    expect(await counter.written()).toEqual([entry(1, fenceOf(7)), entry(2, fenceOf(7)), entry(3, fenceOf(8))]);
  });

  test(`[FG2] ${name}: a write that is refused or fails changes neither the data nor the epoch`, async () => {
    const counter = await open(true);
    await counter.write(1, fenceOf(5));
    await expect(counter.write(2, fenceOf(4))).rejects.toThrow(StaleLeaderError);
    await expect(counter.writeAndFail(fenceOf(6))).rejects.toSatisfy((error) => !(error instanceof StaleLeaderError));

    expect(await counter.highest(fenceOf(5))).toEqual({ epoch: 5, leaderSessionId: "L5" });
    expect(await counter.written()).toEqual([entry(1, fenceOf(5))]);
    await counter.write(2, fenceOf(5));
  });

  test(`[FG4] ${name}: a claim shuts out earlier leaders before anything is written, and keeps the data`, async () => {
    const counter = await open(true);
    expect(await counter.highest(fenceOf(1))).toBeNull();
    await counter.write(1, fenceOf(1));
    await counter.claim(fenceOf(2));

    await expect(counter.claim(fenceOf(1))).rejects.toThrow(StaleLeaderError);
    await expect(counter.write(2, fenceOf(1))).rejects.toThrow(StaleLeaderError);
    expect(await counter.read()).toBe(1);
    expect(await counter.highest(fenceOf(1))).toEqual({ epoch: 2, leaderSessionId: "L2" });
  });

  test.each([
    [true, 0],
    [false, 1],
  ])(
    `[FG4] ${name}: a late write between a new leader's read and write is lost, unless it claims first (%s)`,
    async (claims, lost) => {
      const counter = await open(true);
      const late = await counter.read();
      if (claims) await counter.claim(fenceOf(2));
      const read = await counter.read();
      await counter.write(late + 1, fenceOf(1)).catch((error) => expect(error).toBeInstanceOf(StaleLeaderError));
      await counter.write(read + 1, fenceOf(2));

      expect(lostUpdates(await counter.written())).toBe(lost);
    },
  );

  test(`[FG1] ${name}: components and groups do not shut each other out, even with names full of slashes`, async () => {
    const counter = await open(true);
    await counter.claim(fenceOf(9, "L", "a/b"));
    await counter.claim({ ...fenceOf(3, "M", "b"), group: "shop/a" });
    await counter.claim(fenceOf(4, "N", "a"));

    expect((await counter.highest(fenceOf(1, "L", "a/b")))?.epoch).toBe(9);
    expect((await counter.highest({ ...fenceOf(1, "L", "b"), group: "shop/a" }))?.epoch).toBe(3);
  });

  test.each([
    ["group", { group: "" }],
    ["component", { component: "a b" }],
    ["epoch", { epoch: 0 }],
    ["epoch", { epoch: 1.5 }],
    ["epoch", { epoch: Number.NaN }],
    ["leaderSessionId", { leaderSessionId: "" }],
  ])(`[FG5] ${name}: a fence with a wrong %s is refused, and nothing is stored`, async (part, wrong) => {
    const counter = await open(true);
    const refused = counter.write(1, { ...fenceOf(1), ...wrong });

    await expect(refused).rejects.toThrow(InvalidFenceError);
    await expect(refused).rejects.toThrow(part);
    expect(await counter.written()).toEqual([]);
  });

  test(`[FG3] ${name}: however writes and claims interleave, the epochs that are taken never go down`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(concurrent, { minLength: 1, maxLength: 6 }), async (rounds) => {
        const counter = await open(true);
        let most = 0;
        for (const round of rounds) {
          const outcomes = await Promise.allSettled(round.map(({ act, fence }) => act(counter, fence)));
          most = Math.max(most, ...round.map(({ fence }) => fence.epoch));
          expect((await counter.highest(fenceOf(1)))?.epoch).toBe(most);
          for (const outcome of outcomes) {
            if (outcome.status === "rejected") expect(outcome.reason).toHaveProperty("code", "stale_leader");
          }
        }
        const taken = await counter.written();
        expect(taken.map(({ epoch }) => epoch)).toEqual(taken.map(({ epoch }) => epoch).sort((one, two) => one - two));
        const leaders = new Map(taken.map(({ epoch, leaderSessionId }) => [epoch, leaderSessionId]));
        for (const { epoch, leaderSessionId } of taken) expect(leaders.get(epoch)).toBe(leaderSessionId);
      }),
      { numRuns },
    );
  });
}

/** Acts of several leaderships at once, two of which claim one epoch, as no backend would have it. */
const concurrent = fc.array(
  fc.record({
    act: fc.constantFrom(
      (counter: FencedCounter, fence: Fence) => counter.write(1, fence),
      (counter: FencedCounter, fence: Fence) => counter.claim(fence),
    ),
    fence: fc.constantFrom(fenceOf(1), fenceOf(2), fenceOf(3), fenceOf(3, "another"), fenceOf(4), fenceOf(5)),
  }),
  { minLength: 1, maxLength: 5 },
);
