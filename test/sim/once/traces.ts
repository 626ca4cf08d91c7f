/** Scripts that tell a mutant at once. */
import type { RunLeadership } from "../../../shared/once/run-once.ts";
import type { BeginRun, RunAnswer } from "../../../shared/protocol/runs.ts";
import type { Kit } from "./kit.ts";

const LEASE_MS = 5_000;

function world({ Backend }: Kit) {
  const time = { now: 1_800_000_000_000 };
  const backend = new Backend({}, () => time.now);
  const begin = async (run: string, occurrence: string, retry = true): Promise<RunAnswer["type"]> => {
    const call: BeginRun = {
      ...{ type: "begin", job: "job", occurrence, run, by: run },
      ...{ leaseMs: LEASE_MS, retry, missed: "run" },
    };
    const outcome = await backend.run(call);
    return outcome?.type === "run" ? outcome.answer.type : "lost";
  };
  return { time, backend, begin };
}

function expect(is: string, what: string): void {
  if (is !== what) throw new Error(`it is ${is}, and not ${what}`);
}

/** Somebody is told of a death, and the object restarts: it is still so. */
export async function toldDead(kit: Kit): Promise<void> {
  const { time, backend, begin } = world(kit);
  expect(await begin("a", "1", false), "yours");
  time.now += LEASE_MS;
  expect(await begin("b", "1"), "over");
  backend.restart();
  expect(await begin("c", "1"), "over");
}

/** A clean-up while a job runs: what has run is too old, and nothing begins beside what may still run. */
export async function cleanedUp(kit: Kit): Promise<void> {
  const { time, backend, begin } = world(kit);
  expect(await begin("a", "1"), "yours");
  await backend.run({ type: "end", job: "job", run: "a", end: "completed" });
  expect(await begin("b", "2"), "yours");
  await backend.ask((request) => ({ type: "cleanup", request, force: true }));
  expect(await begin("c", "3"), "busy");
  time.now += LEASE_MS + 1_000;
  for (const occurrence of ["1", "2"]) expect(await begin(`d${occurrence}`, occurrence), "too_old");
  expect(await begin("e", "3"), "yours");
}

/** Answers take 1 or 1.7 s, and the lease is one of 2 s: whoever is told too late asks for a longer one, so that somebody completes. */
export async function slowPath(kit: Kit): Promise<void> {
  for (const delayMs of [500, 850]) await slowPathOf(kit, delayMs);
}

async function slowPathOf({ TestGroup, once, oncePorts }: Kit, delayMs: number): Promise<void> {
  const group = new TestGroup({ seed: 1, latencyMs: 0 });
  const results: string[] = [];
  for (const by of ["near", "far"]) {
    const elections = group.electionsFor(by);
    group.delay(elections, delayMs);
    const run = async ({ signal }: RunLeadership): Promise<void> => {
      for (let worked = 0; worked < 5_000; worked += 500) {
        await new Promise<void>((resolve) => group.clock(elections).setTimeout(resolve, 500));
        signal.throwIfAborted();
      }
    };
    const asked = { group: "test", job: "job", occurrence: "1", by, leaseMs: 2_000, run };
    once(asked, oncePorts(elections, "test")).then(
      (result) => results.push(result.ran ? "ran" : result.reason),
      (error: unknown) => results.push(String(error)),
    );
  }
  await group.advance(300_000);
  const is = results.toSorted().join(" and ");
  expect(is, "completed and ran");
}

/** An operator forgets a job while it runs: its run counts no longer, nothing begins beside it, and nothing runs again. */
export async function mended(kit: Kit): Promise<void> {
  const { time, backend, begin } = world(kit);
  const told = async (type: "renew" | "end", run: string): Promise<string> => {
    const end = { type: "end", job: "job", run, end: "completed" } as const;
    const outcome = await backend.run(type === "end" ? end : { type, job: "job", run });
    return outcome?.type === "run" ? outcome.answer.type : "refused";
  };
  expect(await begin("a", "1"), "yours");
  expect(await told("end", "a"), "over");
  expect(await begin("b", "2"), "yours");
  await backend.ask((request) => ({ type: "forget-job", request, job: "job" }));
  expect(await begin("c", "3"), "busy");
  expect(await told("renew", "b"), "lost");
  expect(await told("end", "b"), "lost");
  backend.restart();
  expect(await told("renew", "b"), "lost");
  time.now += LEASE_MS + 1_000;
  for (const occurrence of ["1", "2"]) expect(await begin(`d${occurrence}`, occurrence), "too_old");
  expect(await begin("e", "3"), "yours");
}

/** A runner whose path has ended leads no longer once somebody else runs the job. */
export async function cutOff({ TestGroup, once, oncePorts }: Kit): Promise<void> {
  const group = new TestGroup({ seed: 1, latencyMs: 0 });
  const [far, near] = [group.electionsFor("far"), group.electionsFor("near")];
  group.delay(far, 250);
  let is = "led by nobody";
  let farLeads = (): boolean => false;
  const asked = { group: "test", job: "job", occurrence: "1", leaseMs: 2_000 };
  const run = ({ isLeader }: RunLeadership): Promise<never> => {
    farLeads = isLeader;
    group.partition(far);
    return new Promise(() => {});
  };
  void once({ ...asked, by: "far", run }, oncePorts(far, "test"));
  await group.advance(1_000);
  const follow = (): void => {
    is = farLeads() ? "led by two" : "led by one";
  };
  const followed = once({ ...asked, by: "near", run: follow }, oncePorts(near, "test"));
  await group.advance(10_000);
  await followed;
  expect(is, "led by one");
}
