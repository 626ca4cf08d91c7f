/** The trace of a session core: what its shell sends and reads, and what its application is told, by its turns. */
import { TraceJudge } from "../../cli/check/judge.ts";
import type { Closed, Entry, Told } from "../../cli/check/trace.ts";
import type { Finding } from "../../cli/check/violations.ts";
import type { Effect, Event, Input } from "../../client/session/events.ts";
import type { SessionState } from "../../client/session/state.ts";
import { unreachable } from "../../shared/unreachable.ts";

export interface CoreTurn {
  readonly before: SessionState;
  readonly event: Event;
  readonly effects: readonly Effect[];
}

/** By a client, on a connection that it overtakes. */
const STILL_HEARD = new Set<Input["type"]>(["welcome", "renewed", "revoke", "lost"]);

const nameOf = (attempt: number): string => `connection ${attempt}`;

export class CoreTrace {
  readonly entries: Entry[] = [];
  readonly #judge = new TraceJudge("client");
  readonly #found: (finding: Finding) => void;
  readonly #components = new Map<number, string>();
  /** The newest one. */
  #connection: string | null = null;
  readonly #open = new Set<string>();

  constructor(found: (finding: Finding) => void) {
    this.#found = found;
  }

  turned({ before, event, effects }: CoreTurn): void {
    const { input, now, connection = before.attempt } = event;
    if (input.type === "register") this.#components.set(input.contender, input.info.component);
    this.#declined(input, before, now);
    const isOvertaken = before.overtaken.some(({ attempt }) => attempt === connection) && STILL_HEARD.has(input.type);
    if (connection === before.attempt || isOvertaken) this.#happened(input, now, nameOf(connection));
    for (const effect of effects) this.#done(effect, before, now);
  }

  /** The application asks, and is told that it leads. */
  leads(component: string, leaderSessionId: string, at: number): void {
    this.#tell(at, { what: "leading", component, leaderSessionId });
  }

  /** The application does not want to lead, or does again. */
  #declined(input: Input, { contenders, terms }: SessionState, at: number): void {
    if (input.type === "register" && input.ready === false)
      this.#tell(at, { what: "unready", component: input.info.component });
    if (input.type === "ready") {
      const { ready, component: only } = input;
      const named = contenders.filter(({ info }) => info.component === (only ?? info.component));
      for (const { info } of named) this.#tell(at, { what: ready ? "ready" : "unready", component: info.component });
    }
    if (input.type === "resign" && input.stayOutMs !== undefined) {
      const { leaderSessionId, stayOutMs: forMs } = input;
      const election = terms.find((term) => term.leaderSessionId === leaderSessionId)?.election;
      const out = contenders.filter((contender) => contender.election === election);
      for (const { info } of out) this.#tell(at, { what: "unready", component: info.component, forMs });
    }
  }

  #happened(input: Input, at: number, connection: string): void {
    switch (input.type) {
      case "welcome":
      case "registered":
      case "tried":
      case "deregistered":
      case "grant":
      case "next":
      case "renewed":
      case "revoke":
      case "confirmed":
      case "leaders":
      case "error":
        return this.#pass("down", input, at, connection);
      case "pong":
        return this.#pass("down", "pong", at, connection);
      case "lost":
        // What ends an overtaken one concerns nobody.
        return this.#close(at, connection, input, connection !== this.#connection);
      case "page": {
        const isFreezing = input.event === "freeze" || input.event === "pagehide";
        return input.event === "offline" ? undefined : this.#tell(at, { what: isFreezing ? "frozen" : "woken" });
      }
      case "settled":
        for (const id of input.contenders) this.#tell(at, { what: "stopped", ...this.#componentOf(id) });
        return;
      default:
    }
  }

  #done(effect: Effect, { settings }: SessionState, at: number): void {
    switch (effect.type) {
      case "connect":
        this.#connection = nameOf(effect.connection);
        this.#open.add(this.#connection);
        return this.#put({ kind: "open", at, connection: this.#connection, group: "group", client: "client" });
      case "disconnect":
        return this.#close(at, nameOf(effect.connection), { code: 1000 }, true);
      case "send":
        return this.#pass("up", effect.message, at);
      case "ping":
        return this.#pass("up", "ping", at);
      case "grant":
        return this.#tell(at, {
          ...this.#componentOf(effect.contender),
          what: "leading",
          leaderSessionId: effect.leaderSessionId,
        });
      case "revoke": {
        const { leaderSessionId } = effect;
        const limit = settings.drainMs < Infinity ? { drainMs: settings.drainMs } : {};
        for (const id of effect.contenders) {
          this.#tell(at, { ...this.#componentOf(id), what: "revoked", leaderSessionId, ...limit });
        }
        return;
      }
      case "idle":
      case "closed":
        return this.#tell(at, { what: "left" });
      case "extended":
      case "ended":
      case "left":
      case "tried":
      case "refused":
      case "inquired":
      case "deployment":
      case "confirmed":
      case "leaders":
      case "error":
      case "lost":
      case "started":
      case "violation":
        return;
      default:
        return unreachable(effect);
    }
  }

  #componentOf(id: number): { readonly component: string } {
    return { component: this.#components.get(id) ?? "" };
  }

  #pass(kind: "up" | "down", frame: unknown, at: number, connection = this.#connection): void {
    if (connection !== null && this.#open.has(connection)) this.#put({ kind, at, connection, frame });
  }

  #close(
    at: number,
    connection: string,
    { code, retryAfterMs }: Pick<Closed, "code" | "retryAfterMs">,
    gone: boolean,
  ): void {
    if (!this.#open.delete(connection)) return;
    if (this.#connection === connection) this.#connection = null;
    const entry: Closed = { kind: "close", at, connection, code, gone };
    this.#put(retryAfterMs === undefined ? entry : { ...entry, retryAfterMs });
  }

  #tell(at: number, told: Omit<Told, "kind" | "at">): void {
    this.#put({ kind: "told", at, ...told });
  }

  #put(entry: Entry): void {
    this.entries.push(entry);
    for (const finding of this.#judge.take(entry, this.entries.length)) this.#found(finding);
  }
}
