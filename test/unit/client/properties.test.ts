/** What the session promises its users and the group, in any order of events. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nextDeadline } from "../../../client/session/deadlines.ts";
import type { Effect, Input } from "../../../client/session/events.ts";
import { heldTerms, initialState, lineOf, type Request, type SessionState } from "../../../client/session/state.ts";
import { transition } from "../../../client/session/transition.ts";
import { leaderSessionIdOf, remainingMs } from "../../../shared/holder/state.ts";
import type { ClientMessage, Grant } from "../../../shared/protocol/messages.ts";
import { electionOf } from "../../../shared/protocol/names.ts";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { R } from "./play.ts";

const components = ["a", "b", "c"] as const;
const ids = Array.from({ length: 8 }, (_, index) => `L${index}`);

/** What a move draws from; which input it becomes depends on the state, so that most of them make sense. */
interface Draw {
  readonly kind: keyof typeof moves;
  readonly wait: number;
  readonly pick: number;
  readonly component: string;
  readonly flag: boolean;
}

const draws = fc.record({
  kind: fc.constantFrom(
    ...(["register", "deregister", "settled", "settled", "settled", "confirm", "resign", "observe"] as const),
    ...([
      "connect",
      "connect",
      "connect",
      "opened",
      "welcome",
      "welcome",
      "grant",
      "grant",
      "join",
      "unobserve",
    ] as const),
    ...([
      "registered",
      "registered",
      "next",
      "late",
      "renewed",
      "renewed",
      "renewed",
      "revoke",
      "pong",
      "lost",
      "fatal",
      "stale",
      "page",
      "tick",
      "bye",
    ] as const),
  ),
  wait: fc.oneof({ weight: 3, arbitrary: fc.nat(300) }, fc.constant(0), fc.nat(4_000), fc.nat(12_000)),
  pick: fc.nat(1_000),
  component: fc.constantFrom(...components),
  flag: fc.boolean(),
});

/** A session in a world that does as it likes, with a witness of all it does. */
class Witness {
  state: SessionState = initialState({ process: {}, priority: 0, onDisconnect: "keep", drainMs: 5_000, lingerMs: 0 });
  now = 0;
  #contenders = 0;
  epoch = 0;
  sentAt = -1;
  readonly phases = new Map<number, "idle" | "granted" | "stopping">();
  readonly epochs = new Map<number, number>();
  readonly led = new Set<string>();
  readonly ended = new Set<string>();
  /** When each statement left, by which connection, and what it asked for. */
  readonly stated = new Map<
    number,
    { readonly at: number; readonly attempt: number; readonly held: readonly string[] }
  >();
  /** The last statement before a component's last `deregister`. */
  readonly left = new Map<string, number>();
  /** Until when each id may be led by at the latest. */
  readonly leases = new Map<string, number>();
  connection = 0;
  /** How many grants have begun a term. */
  taken = 0;

  apply(input: Input, connection = this.state.attempt): void {
    const before = this.state;
    if (input.type === "renewed" || input.type === "welcome") this.#noteAnswer(input, connection);
    const event = { now: this.now, random: 0.5, connection, input };
    const frozen = JSON.stringify(before);
    const { state, effects } = transition(before, event);
    expect(JSON.stringify(before)).toBe(frozen);
    if (effects.length === 0 && isDeepStrictEqual(state, before)) expect(state).toBe(before);
    this.state = state;
    if (input.type === "grant" && !input.joined) this.#noteGrant(input, before);
    for (const effect of effects) this.#note(effect);
    this.#check();
  }

  #noteAnswer(answer: { readonly sentAt: number; readonly held: readonly string[] }, connection: number): void {
    const request = this.stated.get(answer.sentAt);
    if (!request || connection !== this.state.attempt) return;
    for (const id of request.held) {
      if (answer.held.includes(id)) this.leases.set(id, Math.max(this.leases.get(id) ?? 0, request.at + R));
    }
  }

  /** A term that begins goes by a statement of this connection, for a component that has not left since. */
  #noteGrant(
    { leaderSessionId, sentAt, components: named }: Grant & { readonly joined: false },
    before: SessionState,
  ): void {
    const isOf = (term: { readonly leaderSessionId: string }): boolean => term.leaderSessionId === leaderSessionId;
    if (before.terms.some(isOf) || !this.state.terms.some(isOf)) return;
    const statement = this.stated.get(sentAt);
    if (statement === undefined) throw new Error("nothing was stated");
    expect(statement.attempt).toBe(before.attempt);
    expect(this.now).toBeLessThan(statement.at + R);
    expect(named.some((component) => (this.left.get(component) ?? -1) < sentAt)).toBe(true);
    this.leases.set(leaderSessionId, statement.at + R);
    this.taken += 1;
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
      expect(effect.contenders.length).toBeGreaterThan(0);
      for (const contender of effect.contenders) {
        expect(this.phases.get(contender)).toBe("granted");
        this.phases.set(contender, "stopping");
      }
    }
  }

  #noteSent(message: ClientMessage): void {
    if (message.type === "release" || message.type === "resign") {
      expect(this.state.terms.map(({ leaderSessionId }) => leaderSessionId)).not.toContain(message.leaderSessionId);
    }
    if (message.type === "deregister") this.left.set(message.component, this.sentAt);
    if (!("sentAt" in message) || message.sentAt === undefined) return;
    expect(message.sentAt).toBeGreaterThan(this.sentAt);
    this.sentAt = message.sentAt;
    const held = "held" in message ? (message.held ?? []) : [];
    this.stated.set(message.sentAt, { at: this.now, attempt: this.state.attempt, held });
  }

  #check(): void {
    const { state, now } = this;
    this.#checkContenders();
    this.#checkTerms();
    expect(requestsOf(state).length).toBeLessThan(200);
    expect(lineOf(state)?.statements.length ?? 0).toBeLessThan(200);
    expect(lineOf(state)?.departures.length ?? 0).toBeLessThanOrEqual(components.length);
    expect(state.contenders.length).toBeLessThanOrEqual(2 * components.length);
    const deadline = nextDeadline(state);
    if (deadline !== null && deadline <= now) this.#expectProgress();
  }

  /** A contender that leads was granted, and leads no longer than the lease; one that was granted leads. */
  #checkContenders(): void {
    const { state, now } = this;
    for (const contender of state.contenders) {
      const { id, phase } = contender;
      const leaderSessionId = leaderSessionIdOf(contender) ?? "";
      const remaining = remainingMs(state, id, leaderSessionId, now);
      expect(remaining > 0).toBe(phase.type === "granted");
      expect(remaining > 0).toBe(this.phases.get(id) === "granted");
      if (remaining > 0) expect(now + remaining).toBeLessThanOrEqual(this.leases.get(leaderSessionId) ?? 0);
    }
    const told = [...this.phases].filter(([, phase]) => phase === "granted").map(([id]) => id);
    expect(state.contenders.map(({ id }) => id)).toEqual(expect.arrayContaining(told));
  }

  #checkTerms(): void {
    const leading = this.state.terms.filter(({ stage }) => stage === "leading").map((term) => term.leaderSessionId);
    for (const id of leading) expect(this.ended.has(id)).toBe(false);
    for (const id of this.led) if (!leading.includes(id)) this.ended.add(id);
    for (const id of leading) this.led.add(id);
    expect(this.state.terms.length).toBeLessThanOrEqual(ids.length);
    expect(this.state.terms.map((term) => term.leaderSessionId)).toEqual(
      expect.arrayContaining([...heldTerms(this.state, this.now)]),
    );
  }

  /** A deadline that has passed changes something: no timer storm. */
  #expectProgress(): void {
    const { state } = transition(this.state, { now: this.now, random: 0.5, input: { type: "tick" } });
    expect(state).not.toEqual(this.state);
  }

  nextId(): number {
    this.#contenders += 1;
    return this.#contenders;
  }

  /** All components stand, and the session is welcomed. */
  joins(): void {
    const draw = { wait: 0, pick: 1, component: "a", flag: true };
    for (const component of components) this.move({ ...draw, kind: "register", component });
    for (const kind of ["opened", "welcome"] as const) this.move({ ...draw, kind });
  }

  move(draw: Draw): void {
    this.now += draw.wait;
    const input = this.input(draw);
    if (input) this.apply(input, draw.kind === "stale" ? this.state.attempt - 1 : undefined);
  }

  /** `null` for a move that makes no sense now. */
  input(draw: Draw): Input | null {
    return moves[draw.kind](this, draw, (list) => list[draw.pick % Math.max(1, list.length)]);
  }

  /** Mostly a new one; sometimes an old one again, which may not do any harm. */
  grant(fresh: boolean, component: string, pick: number): Grant & { joined: false } {
    const number = fresh ? this.epoch : pick % ids.length;
    if (fresh) this.epoch += 1;
    return this.grantOf(ids[number % ids.length] ?? "L0", number + 1, component);
  }

  grantOf(leaderSessionId: string, epoch: number, component: string, sentAt = this.sentAt): Grant & { joined: false } {
    const election = electionOf(component, component === "c" ? "dedicated" : "process");
    const named = component === "c" ? ["c"] : ["a", "b"];
    return { type: "grant", election, leaderSessionId, epoch, components: named, joined: false, sentAt };
  }
}

type Move = (witness: Witness, draw: Draw, one: <T>(list: readonly T[]) => T | undefined) => Input | null;

const moves = {
  register(witness, { component }) {
    const { state } = witness;
    const taken = state.contenders.some(({ info, phase }) => info.component === component && phase.type !== "closing");
    if (state.closing || taken) return null;
    const info = { component, ...(component === "c" && ({ election: "dedicated" } as const)) };
    return { type: "register", contender: witness.nextId(), info };
  },
  deregister({ state }, _, one) {
    const contender = one(state.contenders);
    return contender ? { type: "deregister", contender: contender.id } : null;
  },
  settled({ phases }, { flag }, one) {
    const stopping = [...phases].filter(([, phase]) => phase === "stopping").map(([id]) => id);
    const first = one(stopping);
    if (first === undefined) return null;
    const contenders = flag ? stopping : [first];
    for (const id of contenders) phases.set(id, "idle");
    return { type: "settled", contenders };
  },
  confirm: ({ state }, { component }, one) => ({
    type: "confirm",
    id: "1",
    component,
    leaderSessionId: one(state.terms)?.leaderSessionId ?? "L0",
  }),
  resign({ state }, _, one) {
    const term = one(state.terms);
    return term ? { type: "resign", leaderSessionId: term.leaderSessionId } : null;
  },
  observe: (_, { component }) => ({ type: "observe", component }),
  unobserve: ({ state }, _, one) => ({ type: "unobserve", component: one(state.watched) ?? "a" }),
  bye: (_, { pick }) => (pick < 20 ? { type: "bye" } : null),
  /** The next step of a connection that takes as long as it may. */
  connect(witness, draw) {
    const { connection } = witness.state;
    if (connection.type === "waiting") witness.now = Math.max(witness.now, connection.until);
    return connection.type === "waiting" ? { type: "tick" } : (opens(witness.state) ?? welcomes(witness.state, draw));
  },
  opened: ({ state }) => opens(state),
  welcome: ({ state }, draw) => welcomes(state, draw),
  grant: (witness, { pick, component }) =>
    lineOf(witness.state) ? witness.grant(pick % 4 > 0, component, pick) : null,
  /** By any statement, whatever has become of it. */
  late(witness, { pick, component }, one) {
    if (!lineOf(witness.state)) return null;
    return { ...witness.grant(true, component, pick), sentAt: one([...witness.stated.keys()]) ?? 0 };
  },
  next: () => ({ type: "next", inMs: 0 }),
  registered: (_, { component }) => ({ type: "registered", component }),
  join(witness, { component }, one) {
    const term = one(witness.state.terms);
    if (!term) return null;
    const { sentAt: _, ...grant } = witness.grantOf(term.leaderSessionId, term.epoch, component);
    return { ...grant, joined: true };
  },
  renewed({ state }, { flag }, one) {
    const request = one(requestsOf(state));
    if (!request || state.connection.type !== "open") return null;
    return { type: "renewed", sentAt: request.sentAt, held: some(request.held, flag) };
  },
  revoke: ({ state }, { pick }, one) => ({
    type: "revoke",
    leaderSessionId: one(state.terms)?.leaderSessionId ?? "L0",
    reason: "revoked",
    drainMs: pick,
  }),
  pong: () => ({ type: "pong" }),
  lost: (_, { flag }) => ({ type: "lost", code: flag ? 1006 : 4409 }),
  stale: () => ({ type: "lost", code: 4400 }),
  fatal: (_, { pick }) => (pick < 20 ? { type: "lost", code: 4400 } : null),
  page: (_, _draw, one) => ({
    type: "page",
    event: one(["freeze", "resume", "visible", "online", "offline"] as const) ?? "resume",
  }),
  tick: () => ({ type: "tick" }),
} satisfies Record<string, Move>;

/** Unanswered renewals, the `hello` included. */
const requestsOf = (state: SessionState): readonly Extract<Request, { readonly type: "renewal" }>[] =>
  (lineOf(state)?.requests ?? []).filter((request) => request.type === "renewal");

const opens = ({ connection }: SessionState): Input | null =>
  connection.type === "opening" ? { type: "opened" } : null;

function welcomes(state: SessionState, { pick, flag }: Draw): Input | null {
  const [hello] = requestsOf(state);
  if (state.connection.type !== "greeting" || !hello) return null;
  const resumed = state.session !== null && pick % 5 > 0;
  return { ...welcome, resumed, sentAt: hello.sentAt, held: resumed ? some(hello.held, flag) : [] };
}

/** All of them, or all but the first. */
const some = (ids: readonly string[], all: boolean): readonly string[] => (all ? ids : ids.slice(1));

test("[C1] [G2] [S1] [S7] [S2] in any order of events callbacks alternate, no lease is outlived, names grow, no ended term comes back, and what changes and does nothing returns the same state", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(draws, { maxLength: 120, size: "max" }), fc.boolean(), (sequence, isJoined) => {
      const witness = new Witness();
      if (isJoined) witness.joins();
      for (const draw of sequence) if (witness.epoch < ids.length) witness.move(draw);
      taken += witness.taken;
    }),
    { numRuns: 500 },
  );
  expect(taken).toBeGreaterThan(100);
});

test("[S9] the state stays small after any history", () => {
  const witness = new Witness();
  const sizes: number[] = [];
  for (let round = 0; round < 300; round++) {
    const component = components[round % 3] ?? "a";
    const once = (kind: Draw["kind"]): void => witness.move({ kind, wait: 0, pick: 1, component, flag: true });
    for (const kind of ["register", "opened", "welcome", "lost"] as const) once(kind);
    witness.now += 10_000;
    for (const kind of ["tick", "deregister"] as const) once(kind);
    sizes.push(JSON.stringify(witness.state).length);
  }
  expect(Math.max(...sizes.slice(-30))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 30)) + 50);
});
