/** A user's Worker and the shipped one in one Miniflare: what app.ts does, its guards, its data, and what can happen to it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createElectionClient } from "../../../client/node/index.ts";
import { statusOf } from "../../../tools/harness/backend-answers.ts";
import { importTestingKit } from "../../../tools/harness/built.ts";
import { temporaryFolder } from "../../../tools/harness/folder.ts";
import { wrong } from "../../support/wrong.ts";
import { scenarios } from "../scenarios.ts";
import { openStage, SHORT_LEASE_MS, startTown, type Town, until } from "./stage.ts";

const { electionFaults } = await importTestingKit();

let town: Town;
beforeAll(async () => {
  town = await startTown();
});
afterAll(() => town[Symbol.asyncDispose]());

scenarios("on Miniflare", async (lease) => {
  if (lease === "goes on") return openStage(town);
  const short = await startTown({ leaseMs: SHORT_LEASE_MS });
  const stage = await openStage(short);
  const end = async (): Promise<void> => {
    await stage[Symbol.asyncDispose]();
    await short[Symbol.asyncDispose]();
  };
  return { ...stage, [Symbol.asyncDispose]: end };
});

test.each(["database", "bucket"])(
  "[FG1] the guard of a %s refuses the write of an earlier leadership",
  async (store) => {
    expect(await town.ask(`/${store}`)).toEqual({ refused: ["stale_leader"], written: ["first", "second"] });
  },
);

test("[N5] hibernation, eviction and replacement of the group's object: the term goes on, and nobody is called", async () => {
  const client = createElectionClient({ url: town.url, group: "faults", process: { name: "tab" }, signals: false });
  const told: string[] = [];
  const lost: unknown[] = [];
  client.onError((error) => lost.push(error));
  const contender = client.contend("x", {
    onGrant: () => void told.push("leads"),
    onRevoke: (_, reason) => void told.push(reason),
  });
  await until(() => contender.hasLeadership());
  const renewed = async (): Promise<void> => {
    const { epoch = 0 } = contender.leadership ?? {};
    await until(async () => (await statusOf(town.url, "faults")).elections[0]?.leader?.epoch === epoch);
    expect(await contender.leadership?.check()).toBe(true);
  };
  await town.faults.hibernate("faults");
  await town.faults.hibernate("faults"); // it is out of memory already
  await renewed();
  expect(lost).toEqual([]);
  await town.faults.evict("faults");
  await until(() => lost.length > 0 && client.state === "connected");
  await renewed();
  const { length } = lost;
  await town.faults.replace();
  await until(() => lost.length > length && client.state === "connected");
  await renewed();
  await client.close();
  expect(told).toEqual(["leads", "closed"]);
});

test("[S5] what is kept in a folder outlives Miniflare: the next epoch is higher, and the history is there", async () => {
  await using folder = await temporaryFolder();
  const lead = async ({ url }: Town): Promise<number> => {
    const client = createElectionClient({ url, group: "kept", process: { name: "tab" }, signals: false });
    const leadership = await client.acquire("x");
    await leadership.close();
    await client.close();
    return leadership.epoch;
  };
  const first = await startTown({}, folder.path);
  const before = await lead(first);
  await first[Symbol.asyncDispose]();
  await using second = await startTown({}, folder.path);
  const after = await lead(second);
  expect(after).toBeGreaterThan(before);
  const history = await fetch(`${second.url}/v1/groups/kept/history`);
  expect(await history.json()).toMatchObject({ terms: [{ epoch: after }, { epoch: before }] });
  // With the same options, as after a change of the code.
  await second.faults.replace();
  expect((await fetch(`${(await second.miniflare.ready).origin}/v1/groups/kept`)).status).toBe(200);
});

test("a version that can't do something says so", async () => {
  const old = { setOptions: async () => {} };
  await expect(electionFaults(old).evict("a")).rejects.toThrow(
    "this version of the tool can't evict an object: it has no unsafeEvictDurableObject. Use a newer Miniflare",
  );
  await expect(electionFaults(old).replace()).rejects.toThrow("replace() needs `options`");
  await expect(electionFaults({ scheduled: async () => {} } as object).hibernate("a")).rejects.toThrow(
    "Use a newer wrangler",
  );
  expect(() => electionFaults(wrong({}))).toThrow("the tool must be a Miniflare");
});
