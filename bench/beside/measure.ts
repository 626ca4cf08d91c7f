/**
 * One abuse beside two leaders: one in the abused group with the default lease, and one in another group with the
 * smallest. The attacker, the leaders and the runtime are processes of their own.
 */
import { loadavg } from "node:os";
import { startLocalBackend } from "../../cli/backend/local-backend.ts";
import { median } from "../../cli/statistics.ts";
import { groupPath } from "../../shared/protocol/paths.ts";
import { type NodeProcess, runNode } from "../../tools/harness/child-process.ts";
import { cpuMs, residentMb } from "../../tools/harness/process-figures.ts";
import { connectPeer } from "../../tools/harness/socket-peer.ts";
import { SECRET, tokenFor } from "../../tools/harness/tokens.ts";
import { elapsedSince, pause } from "../sockets.ts";
import { ABUSES, type AbuseId } from "./abuses.ts";
import type { Sent } from "./attacker.ts";
import type { LeaderFigures } from "./leader.main.ts";

const ABUSED = "abused";
const NEIGHBOUR = "neighbour";
/** After the end: what the attacker leaves behind is cleared up then. */
const AFTER_MS = 6_000;
const LOOK_EVERY_MS = 500;
const NEWCOMER_EVERY_MS = 2_000;

export interface Figures {
  readonly abuse: AbuseId;
  readonly name: string;
  readonly seconds: number;
  /** Load average of the last minute when it began. */
  readonly load: number;
  readonly sent: Omit<Sent, "answered" | "forget">;
  /** Processor time of the runtime: as a part of one core meanwhile, and for each frame, request and socket until all were dealt with. */
  readonly cpuPercent: number;
  readonly cpuMsEach: number | null;
  /** Rows that the abused group has written meanwhile. */
  readonly rows: number;
  readonly leaders: Readonly<Record<"abused" | "neighbour", LeaderFigures>>;
  /** Contenders that came meanwhile: how many, how many were refused, and how long the median waited for its welcome. */
  readonly newcomers: { readonly came: number; readonly refused: number; readonly medianMs: number | null };
  /** Resident memory of the runtime. */
  readonly memoryMb: { readonly before: number; readonly peak: number; readonly after: number };
}

export interface Circumstances {
  readonly seconds: number;
  readonly workerBundle: string;
}

export async function measureBeside(abuse: AbuseId, { seconds, workerBundle }: Circumstances): Promise<Figures> {
  const [load = 0] = loadavg();
  await using backend = await startLocalBackend({ bindings: { AUTH_SECRET: SECRET }, workerBundle });
  const { url, pid } = backend;
  const leaders = [await startLeader(url, ABUSED), await startLeader(url, NEIGHBOUR)] as const;
  const before = await residentMb(pid);
  let peak = before;
  const looks = setInterval(async () => {
    peak = Math.max(peak, await residentMb(pid).catch(() => 0));
  }, LOOK_EVERY_MS);
  const newcomers = new Newcomers(url);
  const attacker = runNode("bench/beside/attacker.main.ts", [JSON.stringify({ abuse, url, group: ABUSED })]);
  try {
    await attacker.whenWritten(/^ready$/m);
    const [rowsBefore, cpuBefore, from] = [await rowsOf(url), await cpuMs(pid), performance.now()];
    newcomers.begin();
    await pause(seconds * 1_000);
    const [cpu, took] = [(await cpuMs(pid)) - cpuBefore, elapsedSince(from)];
    attacker.child.kill("SIGTERM");
    const sent = await sentBy(attacker);
    // Answered after all that was sent: what is still in the queue counts, too.
    const rows = (await rowsOf(url)) - rowsBefore;
    const whole = (await cpuMs(pid)) - cpuBefore;
    const came = await newcomers.end();
    await attacker.ended;
    await pause(AFTER_MS);
    const [abused, neighbour] = await Promise.all(leaders.map((leader) => leader.report()));
    if (abused === undefined || neighbour === undefined) throw new Error("a leader has told nothing");
    const units = sent.frames + sent.requests + sent.sockets;
    return {
      abuse,
      name: ABUSES[abuse].name,
      seconds: rounded(took / 1_000),
      load,
      sent,
      cpuPercent: Math.round((100 * cpu) / took),
      cpuMsEach: units === 0 ? null : Number((whole / units).toPrecision(2)),
      rows,
      leaders: { abused, neighbour },
      newcomers: came,
      memoryMb: { before, peak, after: await residentMb(pid) },
    };
  } finally {
    clearInterval(looks);
    attacker.child.kill("SIGKILL");
    for (const leader of leaders) leader.end();
  }
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

async function startLeader(url: string, group: string) {
  const config = { url, group, token: tokenFor("contend", { groups: [group] }) };
  const leader = runNode("bench/beside/leader.main.ts", [JSON.stringify(config)]);
  await leader.whenWritten(/^leads$/m);
  return {
    async report(): Promise<LeaderFigures> {
      leader.child.stdin?.write("\n");
      const [, text = ""] = await leader.whenWritten(/^report 1 (.*)$/m);
      const { worstMs, leastLeftMs, ...figures }: LeaderFigures = JSON.parse(text);
      return { ...figures, worstMs: Math.round(worstMs), leastLeftMs: Math.round(leastLeftMs) };
    },
    end: () => leader.child.kill("SIGKILL"),
  };
}

async function sentBy(attacker: NodeProcess): Promise<Figures["sent"]> {
  const [, text = "{}"] = await attacker.whenWritten(/^sent (.*)$/m);
  return JSON.parse(text);
}

/** Honest contenders of a subject of their own: each joins, and leaves. */
class Newcomers {
  readonly #url: string;
  readonly #times: number[] = [];
  #refused = 0;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(url: string) {
    this.#url = url;
  }

  begin(): void {
    this.#timer = setInterval(() => {
      this.#last = this.#one();
    }, NEWCOMER_EVERY_MS);
  }

  async #one(): Promise<void> {
    const from = performance.now();
    const token = tokenFor("contend", { subject: "honest" });
    try {
      const peer = await connectPeer({ url: this.#url, group: ABUSED, token });
      await peer.hello({ contenders: [{ component: "a" }] });
      this.#times.push(elapsedSince(from));
      peer.send({ type: "bye" });
    } catch {
      this.#refused += 1;
    }
  }

  async end(): Promise<Figures["newcomers"]> {
    clearInterval(this.#timer);
    await this.#last;
    const came = this.#times.length + this.#refused;
    const medianMs = this.#times.length === 0 ? null : rounded(median(this.#times));
    return { came, refused: this.#refused, medianMs };
  }
}

async function rowsOf(url: string): Promise<number> {
  const headers = { Authorization: `Bearer ${tokenFor("admin")}` };
  const text = await (await fetch(`${url}${groupPath(ABUSED, "metrics")}`, { headers })).text();
  return Number(/^edge_election_rows_written_total\S* (\d+)/m.exec(text)?.[1]);
}
