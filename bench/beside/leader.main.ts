/**
 * A leader that only wants to lead on, with the shipped client, as a process of its own. For each line of its input it
 * prints what has become of its term so far.
 */
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { createElectionClient } from "../../client/node/index.ts";
import type { LeaseSettings } from "../../shared/lease.ts";
import { configuration } from "../../tools/harness/configuration.ts";

export interface LeaderConfig {
  readonly url: string;
  readonly group: string;
  readonly token: string;
}

export interface LeaderFigures {
  /** Terms that it has lost. */
  readonly lost: number;
  /** Connections that it has lost; it may have resumed. */
  readonly blips: number;
  readonly renewals: number;
  /** The longest from a renewal to its answer, in milliseconds, and the least that was left of its lease then. */
  readonly worstMs: number;
  readonly leastLeftMs: number;
}

const { url, group, token } = configuration<LeaderConfig>();
/** When each renewal of a lease was sent, by its `sentAt`. */
const sent = new Map<number, number>();
let lease: LeaseSettings | undefined;
let [lost, blips, renewals, worstMs, leastLeftMs, renewedAt] = [0, 0, 0, 0, Infinity, performance.now()];

/** A renewal, or a hello that renews, was answered. */
function extended(sentAt: number): void {
  const at = sent.get(sentAt);
  if (at === undefined || lease === undefined) return;
  const now = performance.now();
  leastLeftMs = Math.min(leastLeftMs, lease.renewDeadlineMs - (now - renewedAt));
  worstMs = Math.max(worstMs, now - at);
  renewals += 1;
  renewedAt = at;
  for (const earlier of sent.keys()) if (earlier <= sentAt) sent.delete(earlier);
}

class MeasuredSocket extends WebSocket {
  constructor(address: string, protocols: string[]) {
    super(address, protocols, { perMessageDeflate: false });
    this.on("message", (data) => {
      const message = JSON.parse(String(data) === "pong" ? "{}" : String(data));
      if (message.type === "welcome") lease = message.lease;
      if (message.held?.length > 0) extended(message.sentAt);
    });
  }

  override send(frame: string): void {
    const { sentAt, held = [] } = JSON.parse(frame === "ping" ? "{}" : frame);
    if (held.length > 0) sent.set(sentAt, performance.now());
    super.send(frame);
  }
}

const client = createElectionClient({ url, group, token, signals: false, WebSocket: MeasuredSocket });
client.contend("steady", {
  onGrant: () => {
    renewedAt = performance.now();
    process.stdout.write("leads\n");
  },
  onRevoke: () => {
    lost += 1;
  },
  onError: () => {
    blips += 1;
  },
});
let reports = 0;
createInterface({ input: process.stdin }).on("line", () => {
  reports += 1;
  const waiting = Math.max(0, ...[...sent.values()].map((at) => performance.now() - at));
  const figures: LeaderFigures = { lost, blips, renewals, worstMs: Math.max(worstMs, waiting), leastLeftMs };
  process.stdout.write(`report ${reports} ${JSON.stringify(figures)}\n`);
});
