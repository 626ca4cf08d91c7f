/** The code of app.ts on virtual time. */
import { createTestGroup } from "../../../testing/index.ts";
import app, { type Env, Indexer, nightly } from "../app.ts";
import { type Stage, scenarios } from "../scenarios.ts";

/** Time costs nothing here: every lease is of the default length. */
async function open(): Promise<Stage> {
  const group = createTestGroup({ group: "shop" });
  let invocations = 0;
  const invocation = (): Pick<Env, "ELECTIONS"> => {
    invocations += 1;
    return { ELECTIONS: group.electionsFor(`invocation ${invocations}`) };
  };
  const isSo = async (condition: () => boolean | Promise<boolean>): Promise<boolean> => condition();
  return {
    indexer(name) {
      const object = group.durableObject(Indexer, { name });
      const { stub } = object;
      return {
        start: () => group.settled(stub.start()),
        stop: () => group.settled(stub.stop()),
        look: async () => ({ leads: await stub.leads(), grants: await stub.grants() }),
        hibernate: async () => object.hibernate(),
      };
    },
    nightly: (since) => nightly(invocation(), since),
    cron: async (scheduledTime) => app.scheduled({ scheduledTime, cron: "0 3 * * *", noRetry() {} }, invocation()),
    now: () => group.clock(group.elections).wall() + group.now,
    tab: (name) => group.client({ name, page: false }),
    partition: (tab) => group.partition(tab),
    settled: (promise) => group.settled(promise),
    async until(condition) {
      while (!(await isSo(condition))) await group.advance(50);
    },
    async [Symbol.asyncDispose]() {},
  };
}

scenarios("on virtual time", open);
