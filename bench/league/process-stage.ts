/** Members that are processes of Node, each behind a proxy of its own. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { atExit } from "../../cli/at-exit.ts";
import { startProxy } from "../../tools/harness/proxy.ts";
import { machineMs } from "../peers/contender.ts";
import { openBackend } from "./backend.ts";
import { Counter, serveCounters } from "./counters.ts";
import { ENTRANTS, type EntrantName } from "./entrants/entrants.ts";
import type { Answer, Order, ProcessConfig } from "./member.main.ts";
import { electionsOf, type Member, type Setting, type Stage, storeOf } from "./stage.ts";
import type { Look } from "./work.ts";

const PROGRAM = fileURLToPath(new URL("member.main.ts", import.meta.url));
/** It comes first: whatever reads the time afterwards reads a clock that can step. */
const WALL_CLOCK = new URL("wall-clock.ts", import.meta.url).href;
const MEMBERS = 3;

export async function withProcesses<T>(
  product: EntrantName,
  setting: Setting,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  await using owned = new AsyncDisposableStack();
  const elections = electionsOf(setting);
  const counters = elections.map(() => new Counter());
  const store = storeOf(owned.use(await serveCounters(counters)));
  const backend = owned.use(await openBackend(ENTRANTS[product].server, setting));
  const members: Member[] = [];
  for (let index = 0; index < MEMBERS; index++) {
    const path = await startProxy(backend.port);
    owned.defer(() => path.close());
    const { leaseMs } = setting;
    const member = new MemberProcess({ product, store, elections, leaseMs, port: Number(new URL(path.url).port) });
    owned.use(member);
    members.push(Object.assign(member, { path }));
  }
  return await work({ members, counters, now: machineMs, crash: () => backend.crash() });
}

class MemberProcess implements Member, AsyncDisposable {
  readonly #child;
  readonly #ended: Promise<void>;
  readonly #open = new Map<number, PromiseWithResolvers<Look | undefined>>();
  #orders = 0;

  constructor(config: ProcessConfig) {
    const child = spawn(process.execPath, ["--import", WALL_CLOCK, PROGRAM, JSON.stringify(config)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const takeBack = atExit(() => child.kill("SIGKILL"));
    child.on("message", ({ id, look }: Answer) => {
      this.#open.get(id)?.resolve(look);
      this.#open.delete(id);
    });
    child.on("error", () => undefined); // it exits, or never was there
    this.#ended = new Promise((resolve) => {
      child.once("close", (code) => {
        takeBack();
        for (const { reject } of this.#open.values()) {
          reject(new Error(`a member of ${config.product} has ended with ${code}`));
        }
        resolve();
      });
    });
    this.#child = child;
  }

  async stand(): Promise<void> {
    await this.#order({ type: "stand" });
  }

  async look(): Promise<Look> {
    const look = await this.#order({ type: "look" });
    if (look === undefined) throw new Error("a member has not looked");
    return look;
  }

  stop(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  async step(ms: number): Promise<void> {
    await this.#order({ type: "step", ms });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #order(order: Order): Promise<Look | undefined> {
    const id = this.#orders++;
    const answer = Promise.withResolvers<Look | undefined>();
    this.#open.set(id, answer);
    this.#child.send({ id, order });
    return answer.promise;
  }
}
