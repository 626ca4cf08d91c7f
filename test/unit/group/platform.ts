/** The platform under the host of a `GroupWorld`: a simulated store, sockets whose far ends are in the test, a clock that is given. */
import { expect } from "vitest";
import { byteLength } from "../../../shared/protocol/codec.ts";
import type { Attachment, FreshSecret } from "../../../worker/group/events.ts";
import { createPolicy, type Policy, type PolicyOptions } from "../../../worker/group/policy.ts";
import type { Commit, HostFailure, HostPort, Turned } from "../../../worker/host/port.ts";
import { applyChanges, emptyStore, type Stored, throughJson } from "./storage.ts";
import type { Wire } from "./wire.ts";

/** What the platform lets a socket carry through hibernation. */
const ATTACHMENT_BYTES = 16_384;

export interface PlatformWorld {
  readonly fixed: Partial<Policy>;
  readonly clock: number;
  number(): number;
  turned(turned: Turned): void;
  closed(wire: Wire): void;
}

export class Platform implements HostPort<Wire> {
  readonly deployment = "d";
  readonly #world: PlatformWorld;
  stored: Stored = emptyStore;
  /** What was stored before each turn that wrote rows. */
  readonly bookmarks: Stored[] = [];
  readonly wires = new Map<string, Wire>();
  alarmAt: number | null = null;
  /** Of the present incarnation. */
  hasTimer = false;

  constructor(world: PlatformWorld) {
    this.#world = world;
  }

  createPolicy(options: PolicyOptions): Policy {
    return { ...createPolicy(options), ...this.#world.fixed };
  }

  commit({ rows }: Commit): void {
    this.bookmarks.push(this.stored);
    this.stored = applyChanges(this.stored, rows);
  }

  purge(): void {
    this.stored = emptyStore;
    this.alarmAt = null;
  }

  rowsWritten(): number {
    return 0;
  }

  setAlarm(at: number): void {
    this.alarmAt = at;
  }

  now(): number {
    return this.#world.clock;
  }

  nonce(): string {
    return `n${this.#world.number()}`.padEnd(32, "_");
  }

  freshSecret(): FreshSecret {
    const secret = `secret-${this.#world.number()}`;
    return { secret, hash: this.hashSecret(secret) };
  }

  hashSecret(secret: string): string {
    return `#${secret}`;
  }

  /** Never: a test decides when the sockets are listed. Until then the object does not sleep. */
  later(): void {
    this.hasTimer = true;
  }

  turned(turned: Turned): void {
    this.#world.turned(turned);
  }

  failed(_failure: HostFailure, error: unknown): void {
    throw error;
  }

  listSockets(): readonly Wire[] {
    return [...this.wires.values()].filter(({ open }) => open);
  }

  findSockets(connection: string): readonly Wire[] {
    const wire = this.wires.get(connection);
    return wire?.open ? [wire] : [];
  }

  attachmentOf({ attachment }: Wire): Attachment {
    return throughJson(attachment);
  }

  /** Processes ping all the time, as long as their path carries that. */
  answeredAt({ silentSince }: Wire): number | null {
    return silentSince ?? this.#world.clock;
  }

  accept(wire: Wire, attachment: Attachment): void {
    this.wires.set(attachment.connection, wire);
    this.attach(wire, attachment);
  }

  attach(wire: Wire, attachment: Attachment): void {
    expect(byteLength(JSON.stringify(attachment))).toBeLessThanOrEqual(ATTACHMENT_BYTES);
    wire.attachment = attachment;
  }

  send(wire: Wire, text: string): void {
    if (!wire.deaf) wire.receive(text);
  }

  close(wire: Wire, code: number, reason: string): void {
    expect(reason.length).toBeLessThanOrEqual(123);
    wire.open = false;
    wire.closed = { code, reason };
    this.#world.closed(wire);
  }
}
