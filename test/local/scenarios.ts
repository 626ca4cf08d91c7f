/** What the code of app.ts does, with the same assertions on virtual time and on Miniflare. */
import { expect, test } from "vitest";
import type { ElectionClient } from "../../client/client.ts";
import type { RunResult } from "../../worker/index.ts";

export interface IndexerHandle {
  start(): Promise<void>;
  stop(): Promise<void>;
  look(): Promise<{ readonly leads: boolean; readonly grants: number }>;
  /** It leaves memory; its alarm brings it back. */
  hibernate(): Promise<void>;
}

/** Fresh for each scenario. */
export interface Stage extends AsyncDisposable {
  indexer(name: string): IndexerHandle;
  nightly(since: number): Promise<RunResult<string>>;
  /** The platform calls `scheduled`. */
  cron(scheduledTime: number): Promise<void>;
  /** What the clock of Workers shows. */
  now(): number;
  /** A tab's client. */
  tab(name: string): ElectionClient;
  /** Nothing arrives any longer, and nobody is told. */
  partition(tab: ElectionClient): void;
  /** Lets time go on until it has settled. */
  settled<T>(promise: Promise<T>): Promise<T>;
  /** Lets time go on until it is so. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
}

/** Whether a lease ends in a scenario. If none does, the lease is long: a busy machine stands still for longer than a short one. */
export type Lease = "ends" | "goes on";

export function scenarios(where: string, open: (lease: Lease) => Promise<Stage>): void {
  const scenario = (name: string, lease: Lease, play: (stage: Stage) => Promise<void>): void =>
    test(`${name}, ${where}`, async () => {
      await using stage = await open(lease);
      await play(stage);
    });

  scenario("[S2] the leading tab is cut off, and the object takes over", "ends", async (stage) => {
    const told: string[] = [];
    const tab = stage.tab("tab");
    const contender = tab.contend("index", {
      onGrant: () => void told.push("the tab leads"),
      onRevoke: (_, reason) => void told.push(`the tab stops: ${reason}`),
    });
    await stage.until(() => contender.hasLeadership());
    const indexer = stage.indexer("indexer");
    await indexer.start();
    stage.partition(tab);
    await stage.until(async () => {
      const { leads } = await indexer.look();
      if (leads) told.push(`the object leads, and the tab ${contender.hasLeadership() ? "too" : "not"}`);
      return leads;
    });
    expect([told[0], told.at(-1)]).toEqual(["the tab leads", "the object leads, and the tab not"]);
  });

  scenario(
    "[PC1] [N3] the object keeps its term out of memory, and hands over as it stops",
    "goes on",
    async (stage) => {
      const indexer = stage.indexer("indexer");
      await indexer.start();
      const contender = stage.tab("tab").contend("index");
      for (let round = 0; round < 2; round += 1) {
        await indexer.hibernate();
        expect(await indexer.look()).toEqual({ leads: true, grants: 1 });
      }
      await indexer.stop();
      await stage.until(() => contender.hasLeadership());
      expect(await indexer.look()).toEqual({ leads: false, grants: 1 });
    },
  );

  scenario("[PC3] [PC4] of many invocations one reports, once a night", "goes on", async (stage) => {
    const lastNight = stage.now();
    await stage.settled(stage.cron(lastNight));
    expect(await stage.settled(stage.nightly(lastNight))).toEqual({ ran: false, reason: "done" });
    const over = stage.now();
    await stage.until(() => stage.now() > over);
    const tonight = stage.now();
    const results = await stage.settled(Promise.all([1, 2, 3, 4].map(() => stage.nightly(tonight))));
    expect(results.filter(({ ran }) => ran)).toHaveLength(1);
    expect(await stage.settled(stage.nightly(tonight))).toEqual({ ran: false, reason: "done" });
    expect(await stage.settled(stage.nightly(stage.now() + 1))).toMatchObject({ ran: true });
  });
}
