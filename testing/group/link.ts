/**
 * One connection between a process and an incarnation of the group's object: a channel in each direction. Each side has
 * its own idea of whether it is open. Only `sever` loses what was sent.
 */

export type Packet<Message> =
  /** The upgrade, and the answer to it. */
  | { readonly type: "open" }
  | { readonly type: "frame"; readonly message: Message }
  /** `ping` on the way up, `pong` on the way down. */
  | { readonly type: "beat" }
  | { readonly type: "close"; readonly code: number };

interface InFlight<Message> {
  readonly packet: Packet<Message>;
  readonly dueAt: number;
}

export class Channel<Message> {
  latencyMs: number;
  severed = false;
  /** Whether a packet was dropped. */
  lost = false;
  #queue: InFlight<Message>[] = [];

  constructor(latencyMs: number) {
    this.latencyMs = latencyMs;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** When the first packet arrives, unless something holds it. */
  get dueAt(): number {
    return this.#queue[0]?.dueAt ?? Infinity;
  }

  /** Packets keep their order. On a severed channel they are dropped. */
  send(packet: Packet<Message>, now: number): void {
    if (this.severed) {
      this.lost = true;
      return;
    }
    const dueAt = Math.max(now + this.latencyMs, this.#queue.at(-1)?.dueAt ?? 0);
    this.#queue.push({ packet, dueAt });
  }

  take(): Packet<Message> | undefined {
    return this.#queue.shift()?.packet;
  }

  /** Keeps the first `keep` packets, and drops what is sent from now on; the receiver is not told. */
  sever(keep: number): void {
    this.severed = true;
    this.lost ||= this.#queue.length > keep;
    this.#queue = this.#queue.slice(0, keep);
  }

  /** The first `keep` packets still arrive; then the receiver is told that the connection is gone. */
  severAndTell(keep: number, code: number, now: number): void {
    this.#queue = this.#queue.slice(0, keep);
    this.severed = false;
    this.send({ type: "close", code }, now);
    this.severed = true;
  }

  /** Carries again. What was dropped stays lost. */
  mend(): void {
    this.severed = false;
  }

  /** Lowers the latency, also for what is on its way. */
  hurry(latencyMs: number, now: number): void {
    this.latencyMs = latencyMs;
    this.#queue = this.#queue.map(({ packet, dueAt }) => ({ packet, dueAt: Math.min(dueAt, now + latencyMs) }));
  }

  /** Delays what is on its way, as if the network had stood still for so long. */
  postpone(ms: number): void {
    this.#queue = this.#queue.map(({ packet, dueAt }) => ({ packet, dueAt: dueAt + ms }));
  }
}

/** The object's end, once the upgrade has arrived. */
export interface LinkServer {
  receive(link: Link, packet: Packet<string>): void;
}

export interface Token {
  /** How long it is valid; absent: for ever. */
  readonly lifeMs?: number | undefined;
  /** What its bearer may contend for; absent: anything. */
  readonly components?: readonly string[] | undefined;
}

export class Link {
  /** The number of the client's connection attempt. */
  readonly attempt: number;
  /** Frames cross as text. */
  readonly up: Channel<string>;
  readonly down: Channel<string>;
  /** Whether the client still listens. */
  clientOpen = true;
  /** Whether the object still has the socket. The platform then answers pings without waking the object. */
  serverOpen = false;
  server: LinkServer | null = null;
  connection = "";
  /** Made between the two steps of a restore: it may carry leaders that are gone. */
  recordsAreOld = false;

  /** The token that it was opened with. */
  readonly token: Token;

  constructor(attempt: number, [upMs, downMs]: readonly [number, number], token: Token = {}) {
    this.attempt = attempt;
    this.token = token;
    this.up = new Channel(upMs);
    this.down = new Channel(downMs);
  }

  /** Both sides have it, and it carries packets both ways. */
  get intact(): boolean {
    return this.clientOpen && this.serverOpen && !this.up.severed && !this.down.severed;
  }

  /** Neither side has it any longer, and nothing is on its way to the object. */
  get finished(): boolean {
    return !this.clientOpen && !this.serverOpen && this.up.length === 0;
  }
}
