/** Known-wrong groups and callers of runs: each is told from what ships. */
import { fileURLToPath } from "node:url";
import { runInThisContext } from "node:vm";
import { build } from "esbuild";
import { expect, inject, test } from "vitest";
import { type Edit, editing } from "../../../tools/harness/edited-sources.ts";
import type { Kit } from "./kit.ts";
import { playOnce } from "./play.ts";
import { cleanedUp, cutOff, mended, slowPath, toldDead } from "./traces.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const PLAYS = 60;

const inJobs = (from: string, to: string): Edit => ({ file: "worker/group/jobs.ts", from, to });
const inRows = (from: string, to: string): Edit => ({ file: "worker/group/rows.ts", from, to });
const inOnce = (from: string, to: string): Edit => ({ file: "shared/once/run-once.ts", from, to });
const inRun = (from: string, to: string): Edit => ({ file: "shared/once/leased-run.ts", from, to });

interface Mutant {
  readonly rule: string;
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly trace?: (kit: Kit) => Promise<void>;
}

const mutants: readonly Mutant[] = [
  {
    rule: "J1",
    name: "the key is a window of time, not the occurrence",
    edits: [
      inJobs(
        "const settled = whatIsSettled(job, call);",
        "const settled = turn.now - (job.ended.at(-1)?.endedAt ?? 0) > 3_000 ? null : whatIsSettled(job, call);",
      ),
    ],
  },
  {
    rule: "J2",
    name: "a run is kept in memory while it runs",
    edits: [
      inRows(
        "return { name, run: stored, ended, latest, forgotten, epoch };",
        "return { name, run: (stored, null), ended, latest, forgotten, epoch };",
      ),
    ],
  },
  {
    rule: "J1",
    name: "the record of the end is written before the run",
    edits: [
      inJobs(
        "turn.putJob(forget(turn, { ...job, ended, latest, epoch, run: present }));",
        'turn.putJob(remember(turn, { ...job, ended, latest, epoch }, endedAs(present, { end: "completed", endedAt: turn.now }), present));',
      ),
    ],
  },
  {
    rule: "J4",
    name: "a clean-up forgets what has run",
    edits: [inJobs("ended: [], forgotten: laterOf(job.forgotten, job.latest) }", "ended: [] }")],
    trace: cleanedUp,
  },
  {
    rule: "J4",
    name: "a clean-up does not wait for the run that goes on",
    edits: [inJobs("if (job.run !== null) holdOffFor(turn, job.run);", "")],
    trace: cleanedUp,
  },
  {
    rule: "J3",
    name: "a run is followed before its lease is over",
    edits: [inJobs("job.run.leaseUntil > turn.now) return job;", "job.run.leaseUntil > turn.now + 1_500) return job;")],
  },
  {
    rule: "J3",
    name: "the runs of two occurrences go on beside each other",
    edits: [
      inJobs(
        "if (job.run !== null) return isToBeSkipped(job.run, call)",
        "if (job.run?.occurrence === call.occurrence) return isToBeSkipped(job.run, call)",
      ),
    ],
  },
  {
    rule: "J3",
    name: "without retry an occurrence begins again",
    edits: [inJobs("|| !before.retry || !call.retry;", ";")],
  },
  {
    rule: "J3",
    name: "an end counts although the occurrence has begun again",
    edits: [inJobs("if (job.run?.hash === hash) {", "if (job.run !== null) {")],
  },
  {
    rule: "S3",
    name: "a load believes that the lease was never renewed",
    edits: [inRows("leaseUntil: run.horizon + CLOCK_MARGIN_MS", "leaseUntil: run.startedAt + run.leaseMs")],
  },
  {
    rule: "S3",
    name: "the horizon is never written again",
    edits: [
      inJobs("const isAhead = promised <= horizon && horizon <= turn.now + horizonMs;", "const isAhead = horizon > 0;"),
    ],
  },
  {
    rule: "S1",
    name: "the caller counts its lease from the answer",
    edits: [inRun("this.#until = sentAt + lease.renewDeadlineMs;", "this.#until = ports.now() + lease.durationMs;")],
    trace: cutOff,
  },
  {
    rule: "J8",
    name: "a job that is mended begins beside the run that was given up",
    edits: [inJobs("run: job.run && { ...job.run, givenUp: true } });", "run: null });")],
    trace: mended,
  },
  {
    rule: "J8",
    name: "a run that was given up goes on renewing",
    edits: [inJobs("if (job.run === null || job.run.givenUp)", "if (job.run === null)")],
    trace: mended,
  },
  {
    rule: "J8",
    name: "the end of a run that was given up counts",
    edits: [inJobs('if (job.run.givenUp) return { type: "lost" };', "")],
    trace: mended,
  },
  {
    rule: "J8",
    name: "a run that was given up is remembered as one that died, and begins again",
    edits: [inJobs("if (job.run.givenUp) return { ...job, run: null };", "")],
    trace: mended,
  },
  {
    rule: "J7",
    name: "the work begins by a lease that the path can't renew",
    edits: [inOnce("tookMs > answerTimeoutFor(answer.lease)", "tookMs > answer.lease.renewDeadlineMs")],
    trace: slowPath,
  },
  {
    rule: "J7",
    name: "the group keeps the lease that was too short",
    edits: [inJobs("Math.max(job.run.leaseMs, wantedMs)", "job.run.leaseMs")],
    trace: slowPath,
  },
  {
    rule: "J2",
    name: "a death that was told of is kept in memory",
    edits: [inJobs("if (known.run !== null && job.run === null) turn.putJob(job);", "")],
    trace: toldDead,
  },
];

test.each(mutants)("[$rule] $name", async ({ edits, trace }) => {
  const kit = await loadKit(edits);
  const caught = await hunt(kit, trace);
  expect(caught, "it has survived").toMatch(trace === undefined ? /^Error: seed / : /^Error: it is /);
});

test("the right group passes the scripts", async () => {
  const kit = await loadKit([]);
  await cleanedUp(kit);
  await slowPath(kit);
  await toldDead(kit);
  await mended(kit);
  await cutOff(kit);
});

async function hunt(kit: Kit, trace?: (kit: Kit) => Promise<void>): Promise<string | null> {
  try {
    if (trace !== undefined) await trace(kit);
    else
      for (let index = 0; index < PLAYS; index += 1)
        await playOnce(kit, { seed: inject("seed") + index, retry: index % 2 === 0 });
    return null;
  } catch (error) {
    return String(error);
  }
}

async function loadKit(edits: readonly Edit[]): Promise<Kit> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("kit.ts", import.meta.url))],
    plugins: [editing(root, edits)],
    ...{ bundle: true, write: false, logLevel: "silent", format: "cjs", target: "es2024" },
  });
  const module: { exports: { readonly shippedKit?: Kit } } = { exports: {} };
  const evaluate: (target: typeof module) => void = runInThisContext(
    `(function (module) {${outputFiles?.[0]?.text}\n})`,
  );
  evaluate(module);
  if (module.exports.shippedKit === undefined) throw new Error("the bundle exports no kit");
  return module.exports.shippedKit;
}
