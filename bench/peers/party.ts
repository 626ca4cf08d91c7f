/** A process with contenders of one product, as the bench sees it. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { atExit } from "../../cli/at-exit.ts";
import type { ProductName } from "./products.ts";

export interface PartyConfig {
  readonly product: ProductName;
  readonly address: string;
}

export type Order =
  /** Connects one more contender, and answers with its seat. */
  | { readonly type: "seat"; readonly election: string }
  | { readonly type: "stand"; readonly seat: number }
  /** Answers with the time right before. */
  | { readonly type: "resign"; readonly seat: number }
  /** Answers with the milliseconds from nothing to the lead of a new contender, which then leaves. */
  | { readonly type: "join"; readonly election: string }
  /** A contender without rivals leads and resigns so often. */
  | { readonly type: "alone"; readonly seat: number; readonly rounds: number }
  /** Answers with the hand-overs a second of so many elections over this time. */
  | { readonly type: "churn"; readonly elections: number; readonly ms: number }
  | { readonly type: "leave" };

export interface Answer {
  readonly type: "answer";
  readonly id: number;
  readonly value: number;
  readonly error?: string;
}

export interface Lead {
  readonly type: "leads";
  readonly seat: number;
  /** By `machineMs`. */
  readonly at: number;
}

export type Report = Answer | Lead;

const PROGRAM = fileURLToPath(new URL("party.main.ts", import.meta.url));
/** How long it may take to leave before it is killed: a peer's client may wait for ever. */
const LEAVE_PATIENCE_MS = 2_000;

export class Party implements AsyncDisposable {
  /** Called when one of its contenders leads. */
  onLead: (lead: Lead) => void = () => undefined;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #open = new Map<number, PromiseWithResolvers<number>>();
  #orders = 0;

  constructor(config: PartyConfig) {
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify(config)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const takeBack = atExit(() => this.#child.kill("SIGKILL"));
    this.#child.on("message", (report: Report) => this.#hear(report));
    this.#child.on("error", () => undefined); // it exits, or never was there
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => {
        takeBack();
        for (const { reject } of this.#open.values()) reject(new Error(`the process of ${config.product} has ended`));
        resolve();
      });
    });
  }

  order(order: Order): Promise<number> {
    const id = this.#orders++;
    const answer = Promise.withResolvers<number>();
    this.#open.set(id, answer);
    this.#child.send({ id, order });
    return answer.promise;
  }

  /** Stops the process. Its connections stay open, and are silent. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  /** Lets its contenders leave, for as long as that helps. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), LEAVE_PATIENCE_MS);
    await Promise.race([this.order({ type: "leave" }).catch(() => undefined), this.#ended]);
    this.#child.kill("SIGKILL");
    await this.#ended;
    clearTimeout(timer);
  }

  #hear(report: Report): void {
    if (report.type === "leads") return this.onLead(report);
    const answer = this.#open.get(report.id);
    this.#open.delete(report.id);
    if (report.error === undefined) answer?.resolve(report.value);
    else answer?.reject(new Error(report.error));
  }
}
