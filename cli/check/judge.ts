/** Judges a trace line by line. */
import { closeMeaning } from "../../shared/protocol/close-codes.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { Client, Connection, ROUNDING_MS } from "./knowledge.ts";
import { judgeRead } from "./read.ts";
import type { Scene } from "./scene.ts";
import { judgeSent } from "./sent.ts";
import { judgeTold } from "./told.ts";
import type { Closed, Entry, Opened, Passed, SeenAt, Told } from "./trace.ts";
import { type Finding, violation } from "./violations.ts";

/** Those whom a group turns away to protect itself come back later. */
const TURNED_AWAY_MS = 10_000;
const LONGEST_RETRY_AFTER_MS = 300_000;

export class TraceJudge {
  readonly #isExact: boolean;
  readonly #clients = new Map<string, Client>();
  readonly #connections = new Map<string, Connection>();
  readonly #bySession = new Map<string, Client>();
  #findings: Finding[] = [];

  constructor(seen: SeenAt) {
    this.#isExact = seen === "client";
  }

  /** Returns what this line shows. */
  take(entry: Entry, line: number): readonly Finding[] {
    this.#findings = [];
    switch (entry.kind) {
      case "open":
        this.#opened(entry, line);
        break;
      case "up":
      case "down":
        this.#passed(entry, line);
        break;
      case "close":
        this.#closed(entry);
        break;
      case "told":
        this.#told(entry, line);
        break;
      default:
        unreachable(entry);
    }
    return this.#findings;
  }

  #scene(at: number, line: number, client: Client): Scene {
    return {
      isExact: this.#isExact,
      at,
      find: (rule, problem, right) => {
        this.#findings.push({ ...violation(rule, problem, right), line, client: client.name });
      },
    };
  }

  #client(name: string): Client {
    const known = this.#clients.get(name) ?? new Client(name);
    this.#clients.set(name, known);
    return known;
  }

  #opened({ at, connection: name, client: who }: Opened, line: number): void {
    // Without a name it is known by the session that it resumes, if it does.
    const client = this.#client(who ?? `connection ${name}`);
    const connection = new Connection(client, name);
    this.#connections.set(name, connection);
    client.connection = connection;
    this.#judgeReturn(client, this.#scene(at, line, client));
  }

  #judgeReturn(client: Client, scene: Scene): void {
    const { last } = client;
    if (!scene.isExact || last === null || last.gone) return;
    const { at, code, retryAfterMs = TURNED_AWAY_MS } = last;
    const { action } = closeMeaning(code);
    if (action === "fatal") {
      scene.find("E3", `it connects again after ${code}`, "give up: trying again can't help");
    }
    if (
      action === "slow" &&
      !client.mayHold(at) &&
      scene.at < at + Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS) - ROUNDING_MS
    ) {
      scene.find(
        "E9",
        `it connects ${Math.round(scene.at - at)} ms after ${code}`,
        "wait for `Retry-After`, or 10 s, and up to twice as long where no term would be lost",
      );
    }
  }

  #passed({ kind, at, connection: name, frame }: Passed, line: number): void {
    const connection = this.#connections.get(name) ?? this.#unknown(name);
    if (kind === "up") {
      const known = this.#identify(connection, frame);
      judgeSent(this.#scene(at, line, known.client), known, frame);
    } else {
      judgeRead(this.#scene(at, line, connection.client), connection, frame);
      this.#remember(connection, frame);
    }
  }

  /** The trace begins within this connection. */
  #unknown(name: string): Connection {
    const client = this.#client(`connection ${name}`);
    client.session = "unknown";
    const connection = new Connection(client, name);
    connection.frames = 1;
    this.#connections.set(name, connection);
    client.connection = connection;
    return connection;
  }

  /** A `hello` says whose connection it is, where the trace does not. */
  #identify(connection: Connection, frame: unknown): Connection {
    const { client, frames, name } = connection;
    const sessionId = resumedIn(frame);
    if (frames > 0 || sessionId === null || client.session !== "none" || client.name !== `connection ${name}`)
      return connection;
    const owner = this.#bySession.get(sessionId);
    if (owner === undefined) {
      client.session = "unknown";
      return connection;
    }
    const own = new Connection(owner, name);
    this.#connections.set(name, own);
    owner.connection = own;
    return own;
  }

  #remember({ client, welcome }: Connection, frame: unknown): void {
    if (welcome !== null && typeof frame === "object") this.#bySession.set(welcome.sessionId, client);
  }

  #closed(closed: Closed): void {
    const { at, connection: name, code, gone } = closed;
    const connection = this.#connections.get(name);
    if (connection === undefined) return;
    const { client } = connection;
    const isCurrent = client.connection === connection;
    if (!isCurrent) return;
    client.connection = null;
    client.last = { ...closed, connection };
    if (gone || !this.#isExact) return;
    const { action } = closeMeaning(code);
    if (action === "fresh" || action === "fatal") client.forsake(at, `its connection was closed with ${code}`);
  }

  #told(told: Told, line: number): void {
    const [only, ...others] = this.#clients.values();
    const client = told.client === undefined && others.length === 0 ? only : this.#client(told.client ?? "");
    if (client !== undefined) judgeTold(this.#scene(told.at, line, client), client, told);
  }
}

function resumedIn(frame: unknown): string | null {
  if (typeof frame !== "object" || frame === null || !("resume" in frame)) return null;
  const { resume } = frame;
  if (typeof resume !== "object" || resume === null || !("sessionId" in resume)) return null;
  return typeof resume.sessionId === "string" ? resume.sessionId : null;
}
