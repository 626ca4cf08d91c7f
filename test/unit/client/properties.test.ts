/** Whatever happens, in whatever order: what the session promises its users and the group. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Effect, Input } from "../../../client/session/events.ts";
import {
  heldTerms,
  initialState,
  nextDeadline,
  remainingMs,
  type SessionState,
} from "../../../client/session/state.ts";
import { transition } from "../../../client/session/transition.ts";
import type { ClientMessage, Grant } from "../../../shared/messages.ts";
import { electionOf } from "../../../shared/names.ts";
import { R, welcome } from "./play.ts";

const components = ["a", "b", "c"] as const;
const ids = Array.from({ length: 8 }, (_, index) => `L${index}`);

/** What a move draws from; which input it becomes depends on the state, so that most of them make sense. */
interface Draw {
  readonly kind: string;
  readonly wait: number;
  readonly pick: number;
  readonly component: string;
  readonly flag: boolean;
}

const draws = fc.record({
  kind: fc.constantFrom(
    ...["register", "deregister", "settled", "settled", "settled", "confirm", "resign", "observe", "unobserve", "bye"],
    ...["opened", "opened", "welcome", "welcome", "welcome", "grant", "grant", "join", "renewed", "renewed", "renewed"],
    ...["revoke", "pong", "lost", "fatal", "stale", "page", "tick", "tick"],
  ),
  wait: fc.oneof(fc.constant(0), fc.nat(300), fc.nat(4_000), fc.nat(12_000)),
  pick: fc.nat(1_000),
  component: fc.constantFrom(...components),
  flag: fc.boolean(),
});

/** A session in a world that does as it likes, with a witness of all it does. */
class Witness {
  state: SessionState = initialState({ process: {}, priority: 0, onDisconnect: "keep", drainMs: 5_000, lingerMs: 0 });
  now = 0;
  contenders = 0;
  epoch = 0;
  sentAt = -1;
  readonly phases = new Map<number, "idle" | "granted" | "stopping">();
  readonly epochs = new Map<number, number>();
  readonly granted = new Map<string, number>();
  readonly ended = new Set<string>();
  /** When each renewal left, and what it asked for. */
  readonly asked = new Map<number, { readonly at: number; readonly held: readonly string[] }>();
  /** Until when each id may be led by at the latest. */
  readonly leases = new Map<string, number>();
  connection = 0;

  apply(input: Input, connection = this.state.attempt): void {
    const before = this.state;
    if (input.type === "renewed" || input.type === "welcome") this.#noteAnswer(input, connection);
    const event = { now: this.now, random: 0.5, connection, input };
    const frozen = JSON.stringify(before);
    const { state, effects } = transition(before, event);
    expect(JSON.stringify(before)).toBe(frozen);
    this.state = state;
    for (const effect of effects) this.#note(effect);
    this.#check();
  }

  #noteAnswer(answer: { readonly sentAt: number; readonly held: readonly string[] }, connection: number): void {
    const request = this.asked.get(answer.sentAt);
    if (!request || connection !== this.state.attempt) return;
    for (const id of request.held) {
      if (answer.held.includes(id)) this.leases.set(id, Math.max(this.leases.get(id) ?? 0, request.at + R));
    }
  }

  #note(effect: Effect): void {
    if (effect.type === "send") this.#noteSent(effect.message);
    if (effect.type === "connect") {
      expect(effect.connection).toBeGreaterThanOrEqual(this.connection);
      this.connection = effect.connection + 1;
    }
    if (effect.type === "grant") {
      expect(this.phases.get(effect.contender) ?? "idle").toBe("idle");
      expect(effect.epoch).toBeGreaterThan(this.epochs.get(effect.contender) ?? 0);
      expect(this.ended.has(effect.leaderSessionId)).toBe(false);
      this.phases.set(effect.contender, "granted");
      this.epochs.set(effect.contender, effect.epoch);
    }
    if (effect.type === "revoke") {
      expect(this.phases.get(effect.contender)).toBe("granted");
      this.phases.set(effect.contender, "stopping");
    }
  }

  #noteSent(message: ClientMessage): void {
    if (message.type !== "renew" && message.type !== "hello") {
      if (message.type === "release" || message.type === "resign") {
        expect(this.state.terms.map(({ leaderSessionId }) => leaderSessionId)).not.toContain(message.leaderSessionId);
      }
      return;
    }
    expect(message.sentAt).toBeGreaterThan(this.sentAt);
    this.sentAt = message.sentAt;
    this.asked.set(message.sentAt, { at: this.now, held: message.held ?? [] });
  }

  #check(): void {
    const { state, now } = this;
    for (const { id, leaderSessionId, phase } of state.contenders) {
      const remaining = remainingMs(state, id, leaderSessionId, now);
      if (remaining > 0) expect(now + remaining).toBeLessThanOrEqual(this.leases.get(leaderSessionId) ?? 0);
      if (remaining > 0) expect(this.phases.get(id)).toBe("granted");
      if (phase === "granted") expect(remaining).toBeGreaterThan(0);
    }
    for (const [id, phase] of this.phases) {
      if (phase === "granted") expect(state.contenders.find((contender) => contender.id === id)?.phase).toBe("granted");
    }
    for (const id of ids) {
      const known = state.terms.some((term) => term.leaderSessionId === id && term.stage === "leading");
      if (known) expect(this.ended.has(id)).toBe(false);
      else if (this.granted.has(id)) this.ended.add(id);
      if (known) this.granted.set(id, 1);
    }
    for (const id of heldTerms(state, now)) expect(state.terms.map((term) => term.leaderSessionId)).toContain(id);
    expect(state.requests.length).toBeLessThan(200);
    expect(state.terms.length).toBeLessThanOrEqual(ids.length);
    expect(state.contenders.length).toBeLessThanOrEqual(2 * components.length);
    const deadline = nextDeadline(state);
    if (deadline !== null && deadline <= now) this.#expectProgress();
  }

  /** A deadline that has passed changes something: no timer storm. */
  #expectProgress(): void {
    const { state } = transition(this.state, { now: this.now, random: 0.5, input: { type: "tick" } });
    expect(state).not.toBe(this.state);
  }

  move({ kind, wait, pick, component, flag }: Draw): void {
    this.now += wait;
    const input = this.input(kind, pick, component, flag);
    if (input) this.apply(input, kind === "stale" ? this.state.attempt - 1 : undefined);
  }

  input(kind: string, pick: number, component: string, flag: boolean): Input | null {
    const { state } = this;
    const one = <T>(list: readonly T[]): T | undefined => list[pick % Math.max(1, list.length)];
    const contender = one(state.contenders);
    const term = one(state.terms);
    switch (kind) {
      case "register": {
        if (state.closing || state.contenders.some(({ info, phase }) => info.component === component && phase !== "closing")) {
          return null;
        }
        this.contenders += 1;
        const info = { component, ...(component === "c" && ({ election: "dedicated" } as const)) };
        return { type: "register", contender: this.contenders, info };
      }
      case "deregister":
        return contender ? { type: "deregister", contender: contender.id } : null;
      case "settled": {
        const stopping = [...this.phases].filter(([, phase]) => phase === "stopping").map(([id]) => id);
        const settled = one(stopping);
        if (settled === undefined) return null;
        this.phases.set(settled, "idle");
        return { type: "settled", contender: settled };
      }
      case "confirm":
        return { type: "confirm", id: "1", component, leaderSessionId: term?.leaderSessionId ?? "L0" };
      case "resign":
        return term ? { type: "resign", leaderSessionId: term.leaderSessionId } : null;
      case "observe":
      case "unobserve":
        return flag || state.watched.length > 0 ? { type: kind, component } : null;
      case "bye":
        return pick < 20 ? { type: "bye" } : null;
      case "opened":
        return state.connection === "opening" ? { type: "opened" } : null;
      case "welcome": {
        if (state.connection !== "greeting") return null;
        const asked = state.requests[0];
        const resumed = state.session !== null && pick % 5 > 0;
        const held = resumed ? (asked?.held ?? []).filter((_, index) => flag || index > 0) : [];
        return { ...welcome, resumed, sentAt: asked?.sentAt ?? 0, held };
      }
      case "grant":
        return this.grant(pick % 4 > 0, component, pick);
      case "join":
        return term ? { ...this.#grantOf(term.leaderSessionId, term.epoch, component), joined: true } : null;
      case "renewed": {
        const request = one(state.requests.filter(({ sentAt }) => sentAt > 0));
        if (!request || state.connection !== "open") return null;
        return { type: "renewed", sentAt: request.sentAt, held: request.held.filter((_, index) => flag || index > 0) };
      }
      case "revoke":
        return { type: "revoke", leaderSessionId: term?.leaderSessionId ?? "L0", reason: "revoked", drainMs: pick };
      case "lost":
      case "stale":
        return { type: "lost", code: flag ? 1006 : 4409 };
      case "fatal":
        return pick < 20 ? { type: "lost", code: 4400 } : null;
      case "page":
        return { type: "page", event: one(["freeze", "resume", "visible", "online", "offline"] as const) ?? "resume" };
      case "pong":
        return { type: "pong" };
      default:
        return { type: "tick" };
    }
  }

  /** Mostly a new one; sometimes an old one again, which may not do any harm. */
  grant(fresh: boolean, component: string, pick: number): Grant {
    const number = fresh ? this.epoch : pick % ids.length;
    if (fresh) this.epoch += 1;
    return this.#grantOf(ids[number % ids.length] ?? "L0", number + 1, component);
  }

  #grantOf(leaderSessionId: string, epoch: number, component: string): Grant {
    const election = electionOf(component, component === "c" ? "dedicated" : "process");
    const named = component === "c" ? ["c"] : ["a", "b"];
    return { type: "grant", election, leaderSessionId, epoch, components: named, joined: false };
  }
}

test("[C1] [G2] [S1] [S7] [S2] whatever happens, callbacks alternate, no lease is outlived, names grow, and no ended term comes back", () => {
  fc.assert(
    fc.property(fc.array(draws, { maxLength: 120, size: "max" }), (moves) => {
      const witness = new Witness();
      for (const move of moves) {
        if (witness.epoch >= ids.length) break;
        witness.move(move);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("[S9] the state stays small, whatever it has been through", () => {
  const witness = new Witness();
  const sizes: number[] = [];
  for (let round = 0; round < 300; round++) {
    const name = components[round % 3] as string;
    const register = witness.input("register", 0, name, true);
    if (register) witness.apply(register);
    if (witness.state.connection === "opening") witness.apply({ type: "opened" });
    const answer = witness.input("welcome", 1, name, true);
    if (answer) witness.apply(answer);
    witness.apply({ type: "lost", code: 1006 });
    witness.now += 10_000;
    witness.apply({ type: "tick" });
    const leave = witness.input("deregister", 0, name, true);
    if (leave) witness.apply(leave);
    sizes.push(JSON.stringify(witness.state).length);
  }
  expect(Math.max(...sizes.slice(-30))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 30)) + 50);
});
