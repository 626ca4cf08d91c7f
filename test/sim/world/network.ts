/** Every connection there is, and what the network does to each: latency, holding back, loss on either side or both. */

import { Link } from "../../../testing/group/link.ts";
import type { Backend } from "./backend.ts";
import type { Process } from "./process.ts";
import type { ComponentName } from "./setup.ts";

export type Direction = "up" | "down";
/** Which ends notice that a connection is gone; for the other end it is half open. */
export type Told = "none" | "client" | "server" | "both";

const HEALTHY_MS = 10;
const BOTH = ["up", "down"] as const;
const UP = ["up"] as const;

/** The network as one process has it. */
export class Path {
  /** The latency of connections that are made from now on, and of what they send. */
  upMs = HEALTHY_MS;
  downMs = HEALTHY_MS;
  readonly held = new Set<Direction>();
  /** What the tokens of new connections allow to contend for; `undefined`: anything. */
  allowed: readonly ComponentName[] | undefined;
  links: Link[] = [];

  /** A direction that is held keeps everything until it is released. */
  dueAt(link: Link, direction: Direction): number {
    return this.held.has(direction) ? Infinity : link[direction].dueAt;
  }
}

export class Network {
  readonly #now: () => number;
  readonly #backend: () => Backend;
  /** Carries nothing for the moment. */
  stalled = false;
  /** Whether tokens may be short-lived. */
  tokensEnd = true;
  readonly #paths = new Map<Process, Path>();

  constructor(now: () => number, backend: () => Backend) {
    this.#now = now;
    this.#backend = backend;
  }

  path(process: Process): Path {
    const known = this.#paths.get(process);
    if (known !== undefined) return known;
    const path = new Path();
    this.#paths.set(process, path);
    return path;
  }

  connect(process: Process, attempt: number): Link {
    const path = this.path(process);
    const lifeMs = this.tokensEnd ? process.setup.tokenMs : undefined;
    const link = new Link(attempt, [path.upMs, path.downMs], { lifeMs, components: path.allowed });
    path.links = [...path.links.filter((other) => !other.finished), link];
    link.up.send({ type: "open" }, this.#now());
    return link;
  }

  /** Cuts a connection: `keepUp` and `keepDown` packets that are on their way still arrive. */
  cut(link: Link, { keepUp, keepDown, told }: { keepUp: number; keepDown: number; told: Told }): void {
    const now = this.#now();
    if (told === "server" || told === "both") link.up.severAndTell(keepUp, 1006, now);
    else link.up.sever(keepUp);
    if (told === "client" || told === "both") link.down.severAndTell(keepDown, 1006, now);
    else link.down.sever(keepDown);
  }

  /** As if nothing had been carried for so long. */
  postpone(ms: number): void {
    for (const { links } of this.#paths.values()) {
      for (const link of links) {
        link.up.postpone(ms);
        link.down.postpone(ms);
      }
    }
  }

  deliver(process: Process, link: Link, direction: Direction): void {
    if (direction === "down") {
      const packet = link.down.take();
      if (packet !== undefined) process.receive(link, packet);
      return;
    }
    const packet = link.up.take();
    if (packet === undefined) return;
    if (packet.type === "open") this.#backend().accept(link);
    else link.server?.receive(link, packet);
  }

  /** The packet that arrives next. */
  next(): { readonly dueAt: number; readonly act: () => void } {
    let first = { dueAt: Infinity, act: () => {} };
    if (this.stalled) return first;
    for (const [process, path] of this.#paths) {
      for (const direction of process.hears ? BOTH : UP) {
        for (const link of path.links) {
          const dueAt = path.dueAt(link, direction);
          if (dueAt < first.dueAt) first = { dueAt, act: () => this.deliver(process, link, direction) };
        }
      }
    }
    return first;
  }

  heal(): void {
    this.tokensEnd = false;
    for (const path of this.#paths.values()) {
      // A contender that was refused is asked for again by the next hello.
      for (const link of path.links)
        if (link.token.components) this.cut(link, { keepUp: 0, keepDown: 0, told: "both" });
      path.allowed = undefined;
      path.held.clear();
      path.upMs = HEALTHY_MS;
      path.downMs = HEALTHY_MS;
      for (const { up, down } of path.links) {
        up.hurry(HEALTHY_MS, this.#now());
        down.hurry(HEALTHY_MS, this.#now());
      }
    }
  }
}
