/** Scripts that tell a mutant at once. */
import type { BeginRun, RunAnswer } from "../../../shared/protocol/runs.ts";
import type { Kit } from "./kit.ts";

/** A clean-up while a job runs: what has run is too old, and nothing begins beside what may still run. */
export async function cleanedUp({ Backend }: Kit): Promise<void> {
  let now = 1_800_000_000_000;
  const backend = new Backend({}, () => now);
  const begin = async (run: string, occurrence: string): Promise<RunAnswer["type"]> => {
    const call: BeginRun = {
      ...{ type: "begin", job: "job", occurrence, run, by: run },
      ...{ leaseMs: 5_000, retry: true, missed: "run" },
    };
    const outcome = await backend.run(call);
    return outcome?.type === "run" ? outcome.answer.type : "lost";
  };
  const expect = (is: string, what: string): void => {
    if (is !== what) throw new Error(`it is ${is}, and not ${what}`);
  };
  expect(await begin("a", "1"), "yours");
  await backend.run({ type: "end", job: "job", run: "a", end: "completed" });
  expect(await begin("b", "2"), "yours");
  await backend.ask((request) => ({ type: "cleanup", request, force: true }));
  expect(await begin("c", "3"), "busy");
  now += 5_000 + 1_000;
  for (const occurrence of ["1", "2"]) expect(await begin(`d${occurrence}`, occurrence), "too_old");
  expect(await begin("e", "3"), "yours");
}
