/**
 * `npm run demo`: every kind of hand-over in a terminal. It starts a local backend and three processes with three
 * components each. The leader is killed, the next one resigns, the backend is redeployed, a component is closed, a
 * process stands by itself without any, and all processes leave. The demo checks what it prints, and judges what the
 * processes send by the rules of the protocol; it exits with 1 if a check fails. `npm run demo -- --watch` lets the processes
 * run until Ctrl-C, so that one can watch them in the dashboard.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalBackend, startLocalBackend } from "../../cli/backend/local-backend.ts";
import type { LeaderInformation } from "../../client/index.ts";
import { createElectionClient } from "../../client/node/index.ts";
import { scriptNamed } from "../../tools/arguments.ts";
import { recordedBackend } from "../../tools/harness/recorder.ts";
import { leaderTable } from "./table.ts";
import { type Member, startMember } from "./troupe.ts";

const GROUP = "checkout";
const LEASE_MS = "8000";
const COMPONENTS = ["dispatcher", "resource-manager", "rest-endpoint"];
/** It has its own election, so its leader may be another process. */
const DEDICATED = "audit";
const STEP_TIMEOUT_MS = 60_000;

const members: Member[] = [];
const leaders = new Map<string, LeaderInformation | null>();
const waiting = new Set<() => void>();
const changed = (): void => {
  for (const look of [...waiting]) look();
};

/** Resolves with the first value that is not `undefined`; calls `find` after every callback and every change of a leader. */
function eventually<T>(what: string, find: () => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${what} did not come within ${STEP_TIMEOUT_MS} ms`)),
      STEP_TIMEOUT_MS,
    );
    const look = (): void => {
      const value = find();
      if (value === undefined) return;
      clearTimeout(timer);
      waiting.delete(look);
      resolve(value);
    };
    waiting.add(look);
    look();
  });
}

function check(holds: boolean, promise: string): void {
  print(`  ${holds ? "ok  " : "FAIL"} ${promise}`);
  if (!holds) process.exitCode = 1;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

function step(title: string): void {
  print(`\n${title}`);
}

const leadersOf = (component: string): Member[] => members.filter(({ leads }) => leads.has(component));

/** Resolves with the process that considers itself the leader of all these components, once observers see the same. */
function leaderOf(components: readonly string[], after = 0): Promise<Member> {
  return eventually(`a leader of ${components.join(", ")}`, () => {
    const [leader] = leadersOf(components[0] ?? "");
    const agreed = components.every((component) => {
      const grant = leader?.leads.get(component);
      return grant !== undefined && grant.epoch > after && leaders.get(component)?.epoch === grant.epoch;
    });
    return agreed ? leader : undefined;
  });
}

const epochOf = (member: Member, component = COMPONENTS[0] ?? ""): number => member.leads.get(component)?.epoch ?? 0;

function checkOneLeader(): void {
  for (const component of COMPONENTS) {
    if (leadersOf(component).length !== 1) return check(false, `exactly one process leads ${component}`);
  }
  check(true, "exactly one process leads, in the view of every process");
}

async function joinGroup(url: string): Promise<Member> {
  step("Three processes with three components each join the group; one of them has a dedicated component too.");
  members.push(startMember(url, GROUP, "alpha", COMPONENTS, changed));
  members.push(startMember(url, GROUP, "beta", COMPONENTS, changed));
  members.push(startMember(url, GROUP, "gamma", [...COMPONENTS, `${DEDICATED}!`], changed));
  const leader = await leaderOf(COMPONENTS);
  await leaderOf([DEDICATED]);
  print(leaderTable(leaders));
  checkOneLeader();
  const sessions = new Set(COMPONENTS.map((component) => leader.leads.get(component)?.leaderSessionId));
  check(sessions.size === 1, "its components share one leader session id and one epoch");
  check(leadersOf(DEDICATED)[0]?.name === "gamma", "the dedicated election has its own leader");
  return leader;
}

async function lateComponents(leader: Member): Promise<void> {
  const jobs = ["job-1", "job-2"];
  step(`Late components: ${leader.name} registers ${jobs.join(" and ")} while it leads, and closes them one by one.`);
  for (const component of jobs) leader.send({ order: "contend", component });
  await leaderOf(jobs);
  print(leaderTable(leaders));
  check(
    jobs.every((job) => epochOf(leader, job) === epochOf(leader)),
    "they join the running leadership",
  );
  for (const component of jobs) {
    leader.send({ order: "close", component });
    await eventually(`the end of ${component}`, () => (leaders.get(component) === null ? true : undefined));
  }
  check(leadersOf("dispatcher")[0] === leader, "their siblings kept their leadership");
}

async function killLeader(leader: Member): Promise<Member> {
  step(`Crash: ${leader.name} is killed (SIGKILL). Its lease of ${LEASE_MS} ms has to run out first.`);
  const epoch = epochOf(leader);
  const killedAt = performance.now();
  members.splice(members.indexOf(leader), 1);
  await leader.end("SIGKILL");
  const next = await leaderOf(COMPONENTS, epoch);
  print(leaderTable(leaders));
  print(`    ${next.name} took over after ${Math.round(performance.now() - killedAt)} ms`);
  checkOneLeader();
  check(epochOf(next) > epoch, "the epoch grew");
  return next;
}

async function resign(leader: Member): Promise<Member> {
  step(`Resign: ${leader.name} steps down by itself.`);
  const epoch = epochOf(leader);
  const resignedAt = performance.now();
  leader.send({ order: "resign" });
  const next = await leaderOf(COMPONENTS, epoch);
  print(leaderTable(leaders));
  print(`    ${next.name} took over after ${Math.round(performance.now() - resignedAt)} ms`);
  checkOneLeader();
  check(next !== leader, "another process leads");
  check(epochOf(next) > epoch, "the epoch grew");
  return next;
}

async function redeploy(leader: Member, backend: LocalBackend, dataDir: string): Promise<LocalBackend> {
  step("Redeploy: the backend is stopped and started again on the same data.");
  const before = epochOf(leader);
  const callbacks = leader.callbacks.length;
  await backend.stop();
  const next = await start({ port: backend.port, dataDir });
  // The late component joins once the session is back, so this waits for no fixed time.
  leader.send({ order: "contend", component: "after-redeploy" });
  await leaderOf(["after-redeploy"]);
  check(leader.callbacks.length === callbacks + 1, `${leader.name} was notified only of the new component`);
  check(epochOf(leader) === before && epochOf(leader, "after-redeploy") === before, "the term survived the restart");
  print(leaderTable(leaders));
  return next;
}

async function closeComponent(leader: Member): Promise<void> {
  step(`Close: ${leader.name} closes its rest-endpoint.`);
  const before = epochOf(leader);
  leader.send({ order: "close", component: "rest-endpoint" });
  await eventually("the end of rest-endpoint", () => (leaders.get("rest-endpoint") === null ? true : undefined));
  print(leaderTable(leaders));
  check(epochOf(leader) === before, "its siblings kept their leadership");
}

/** The two life cycles of FLINK-26522: leadership that lives with the components, and leadership that the process owns. */
async function lifeCycles(leader: Member): Promise<void> {
  step(`Life cycle of the components: ${leader.name} closes all of them, one after the other.`);
  const left = epochOf(leader);
  closeAll(leader);
  const next = await leaderOf(COMPONENTS, left);
  print(leaderTable(leaders));
  check(next !== leader, "closing the last one handed the leadership over");
  step(`Life cycle of the process: ${next.name} stands by itself, closes all of its components, and opens one again.`);
  const kept = epochOf(next);
  next.send({ order: "stand" });
  closeAll(next);
  await eventually("no components", () => (COMPONENTS.some((one) => next.leads.has(one)) ? undefined : true));
  next.send({ order: "contend", component: "dispatcher" });
  await leaderOf(["dispatcher"]);
  print(leaderTable(leaders));
  check(epochOf(next) === kept, "it has led without them: the new one joined the same leadership");
}

function closeAll(member: Member): void {
  for (const component of [...member.leads.keys()])
    if (component !== DEDICATED) member.send({ order: "close", component });
}

async function leave(): Promise<void> {
  step("Everybody leaves (SIGTERM).");
  const codes = await Promise.all(members.map((member) => member.end("SIGTERM")));
  await eventually("no leader at all", () =>
    [...leaders.values()].every((leader) => leader === null) ? true : undefined,
  );
  print(leaderTable(leaders));
  check(
    members.every(({ leads }) => leads.size === 0),
    "every process was notified that its leadership is over",
  );
  print(`    exit codes and signals: ${codes.map((code) => code ?? "SIGTERM").join(", ")}`);
}

async function observe(url: string, signal: AbortSignal): Promise<void> {
  const observer = createElectionClient({ url, group: GROUP, process: { name: "observer" }, signals: false });
  try {
    for await (const { component, leader } of observer.observe(undefined, { signal })) {
      leaders.set(component, leader);
      changed();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await observer.close();
  }
}

/** It rejects where it is stopped and a process has broken a rule. */
const start = (place: { readonly port?: number; readonly dataDir: string }): Promise<LocalBackend> =>
  recordedBackend(startLocalBackend, { ...place, bindings: { OPEN_MODE: "loopback", LEASE_MS } });

/** The processes receive Ctrl-C too, and leave by themselves. */
async function watchUntilStopped(url: string): Promise<void> {
  const stopped = new Promise<void>((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done());
  });
  step(`Watch them at ${dashboardOf(url)}, and make them step down there. Ctrl-C ends the demo.`);
  await stopped;
}

const dashboardOf = (url: string): string => `${url}/?group=${GROUP}`;

async function main(watches: boolean): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "edge-election-demo-"));
  let backend = await start({ dataDir });
  print(`A local backend runs at ${backend.url}. Its dashboard: ${dashboardOf(backend.url)}`);
  const done = new AbortController();
  const watching = observe(backend.url, done.signal);
  try {
    const first = await joinGroup(backend.url);
    await lateComponents(first);
    const second = await killLeader(first);
    const third = await resign(second);
    backend = await redeploy(third, backend, dataDir);
    await closeComponent(third);
    await lifeCycles(third);
    if (watches) await watchUntilStopped(backend.url);
    await leave();
  } finally {
    done.abort();
    await watching;
    await backend.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
  print(process.exitCode ? "\nA check has failed: see the lines marked FAIL." : "\nAll checks passed.");
}

const { watch = false } = scriptNamed(
  "npm run demo",
  "Takes three real processes through every kind of hand-over, and checks what it prints.",
)
  .option("--watch", "let the processes run until Ctrl-C, to watch them in the dashboard")
  .parse()
  .opts<{ readonly watch?: boolean }>();
main(watch).catch((error: unknown) => {
  print(`\nFAIL ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
