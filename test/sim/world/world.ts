/**
 * A deterministic world: true time, processes, a network, and the platform with the group's object. Everything that
 * happens has a true time in whole milliseconds; what is due first happens first.
 */
import type { ClientMessage, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Incarnation, Reply } from "../../../testing/group/incarnation.ts";
import type { Link } from "../../../testing/group/link.ts";
import { seededRandom } from "../../../testing/random.ts";
import type { PollRequest } from "../../../worker/host/host.ts";
import type { Turned } from "../../../worker/host/port.ts";
import { demand } from "../../support/violation.ts";
import type { Cores } from "../cores.ts";
import { Judge } from "../judge/judge.ts";
import { Backend } from "./backend.ts";
import { Caller } from "./caller.ts";
import { Network } from "./network.ts";
import { Operator } from "./operator.ts";
import { Process, type ProcessPorts } from "./process.ts";
import type { CallerSetup, ProcessSetup, Setup } from "./setup.ts";

/** True time at which every world begins. */
const START = 1_000_000;
/** Things that may happen within one millisecond; more is a storm. */
const STORM = 3_000;

interface Due {
  readonly dueAt: number;
  act(): void;
}

export class World {
  readonly cores: Cores;
  readonly setup: Setup;
  readonly random: () => number;
  readonly backend: Backend;
  readonly network: Network;
  readonly operator: Operator;
  readonly judge: Judge;
  processes: Process[] = [];
  callers: readonly Caller[] = [];
  /** Calls go to the newest object that was replaced, while there is one. */
  callsGoAstray = false;
  now = START;
  happenings = 0;
  /** Set for a replay: every line of what happens. */
  log: ((line: string) => void) | null = null;
  #spawned = 0;
  #lastInstant = 0;
  #atInstant = 0;

  constructor(cores: Cores, setup: Setup) {
    this.cores = cores;
    this.setup = setup;
    this.random = seededRandom(setup.seed);
    this.backend = new Backend(this, setup);
    this.network = new Network(
      () => this.now,
      () => this.backend,
    );
    this.operator = new Operator(this);
    this.judge = new Judge(this);
    for (const [index, process] of setup.processes.entries()) this.spawn(String.fromCharCode(65 + index), process);
    this.callers = (setup.callers ?? []).map((caller, index) => this.#caller(`R${index + 1}`, caller));
  }

  #caller(name: string, setup: CallerSetup): Caller {
    const { leadership } = this.judge;
    const ports = {
      pessimistic: this.cores.client.pessimistic,
      contender: this.cores.contender,
      random: this.random,
      trueNow: () => this.now,
      isStalled: () => this.network.stalled,
      ask: (request: PollRequest, answer: Reply) => this.#ask(request, answer),
      leads: leadership.callerLeads.bind(leadership),
      ended: leadership.callerEnded.bind(leadership),
      assured: (caller: Caller, election: ElectionName) => leadership.assured(caller, election),
      tell: (line: () => string) => this.tell(line),
    };
    return new Caller(ports, name, setup);
  }

  #ask(call: PollRequest, answer: Reply): void {
    const { backend } = this;
    const object = (this.callsGoAstray ? backend.stale.at(-1) : undefined) ?? backend.object();
    object.configure(backend.options);
    object.poll(call, answer);
  }

  spawn(name: string, setup: ProcessSetup): Process {
    const process = this.#make(name, setup);
    this.processes.push(process);
    if (setup.twin) {
      const twin = this.#make(`${name}'`, setup, name);
      process.twin = twin;
      twin.twin = process;
      this.processes.push(twin);
      twin.open();
    }
    process.open();
    return process;
  }

  #make(name: string, setup: ProcessSetup, named = name): Process {
    const ports: ProcessPorts = {
      client: this.cores.client,
      random: this.random,
      trueNow: () => this.now,
      connect: (attempt) => this.#connect(process, attempt),
      stepped: (step) => this.judge.stepped(process, step),
      sent: (message) => this.#sent(process, message),
      heard: (link, message) => this.#heard(process, link, message),
      assured: (one, election) => this.judge.leadership.assured(one, election),
    };
    const process = new Process(ports, name, setup, named);
    return process;
  }

  /** A process that is gone makes room for a new one. */
  replaceDead(place: number, setup: ProcessSetup): void {
    const index = place % this.processes.length;
    const dead = this.processes[index];
    if (dead === undefined || (dead.whereabouts !== "dead" && dead.state.connection.type !== "closed")) return;
    this.#spawned += 1;
    const process = this.#make(`${dead.name[0]}${this.#spawned}`, setup);
    if (dead.twin !== null) dead.twin.twin = null;
    this.processes[index] = process;
    process.open();
  }

  /** `told`: the machine closes its connections, so that the group notices. */
  kill(process: Process, told: boolean): void {
    process.kill();
    for (const link of this.network.path(process).links) {
      link.clientOpen = false;
      if (told) link.up.send({ type: "close", code: 1006 }, this.now);
      else link.up.sever(link.up.length);
    }
  }

  tell(line: () => string): void {
    this.log?.(`${String(this.now - START).padStart(7)}  ${line()}`);
  }

  // Time

  advance(ms: number): void {
    const until = this.now + ms;
    for (let due = this.#first(); due.dueAt <= until; due = this.#first()) this.#act(due);
    this.now = until;
  }

  /** The same, while the network stands still. */
  stall(ms: number): void {
    this.network.postpone(ms);
    for (const { calls } of this.callers) calls.postpone(ms);
    this.network.stalled = true;
    this.advance(ms);
    this.network.stalled = false;
  }

  /** The next things that are due, whenever that is; at most this far ahead. */
  happen(count: number, withinMs: number): void {
    const until = this.now + withinMs;
    for (let left = count; left > 0; left--) {
      const due = this.#first();
      if (due.dueAt > until) return;
      this.#act(due);
    }
  }

  #act(due: Due): void {
    this.now = Math.max(this.now, due.dueAt);
    this.#count();
    due.act();
  }

  #first(): Due {
    let first: Due = { dueAt: Infinity, act: () => {} };
    for (const due of [this.network.next(), this.backend, this.operator, ...this.processes, ...this.callers]) {
      if (due.dueAt < first.dueAt) first = due;
    }
    return first;
  }

  #count(): void {
    this.happenings += 1;
    this.#atInstant = this.now === this.#lastInstant ? this.#atInstant + 1 : 0;
    this.#lastInstant = this.now;
    demand(this.#atInstant < STORM, "storm", () => `${STORM} things happen in one millisecond`);
  }

  // What processes and the object report

  #connect(process: Process, attempt: number): Link {
    this.tell(() => `${process.name} connects (${attempt})`);
    return this.network.connect(process, attempt);
  }

  #sent(process: Process, message: ClientMessage): void {
    this.tell(() => `${process.name} -> ${JSON.stringify(message)}`);
    this.judge.sent(process, message);
  }

  #heard(process: Process, link: Link, message: ServerMessage): void {
    const isCurrent = process.link === link;
    const isOvertaken = !isCurrent && link.clientOpen;
    const which = isOvertaken ? " (overtaken)" : " (abandoned)";
    this.tell(() => `${process.name} <- ${JSON.stringify(message)}${isCurrent ? "" : which}`);
    // An answer counts on any connection that the process listens to (N19).
    if (isCurrent || (isOvertaken && (message.type === "renewed" || message.type === "welcome")))
      this.judge.heard(process, message);
  }

  turned(incarnation: Incarnation, turned: Turned): void {
    this.judge.turned(incarnation, turned);
  }
}
