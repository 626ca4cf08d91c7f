/**
 * Judges what the processes believe: I1 at most one of them leads an election at any true instant, by what its application
 * was told and did, and by its frames; epochs grow from leader to leader; what has ended never comes back; and nobody
 * loses what nobody took.
 */

import type { Term } from "../../../client/session/state.ts";
import type { LossReason } from "../../../shared/errors.ts";
import { leaderSessionIdOf } from "../../../shared/holder/state.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { type AsTold, leads, twoLeaders } from "../../../testing/leading.ts";
import type { Subject } from "../../../worker/callers/core/events.ts";
import { demand } from "../../support/violation.ts";
import type { Caller, CallerEnd } from "../world/caller.ts";
import type { ClientTurn } from "../world/client-shell.ts";
import type { Process } from "../world/process.ts";
import { Claims } from "./claims.ts";
import { Drains } from "./drains.ts";
import type { JudgedWorld } from "./judged-world.ts";

/** On its current socket a client never receives these: they mean a program error, or that it has overtaken itself. */
const NEVER_TOLD = new Set([4400, 4409, 4413, 4429]);

function reasonFor(effects: ClientTurn["effects"], contenders: ReadonlySet<number>): LossReason | undefined {
  for (const effect of effects) {
    if (effect.type === "revoke" && effect.contenders.some((id) => contenders.has(id))) return effect.reason;
  }
  return undefined;
}

type Holder = Process | Caller;
type Leading = Extract<Term, { readonly stage: "leading" }>;

export class LeadershipJudge {
  readonly #world: JudgedWorld;
  readonly #claims = new Map<Process, Claims>();
  readonly #drains = new Map<Process, Drains>();
  readonly #ended = new Set<string>();
  readonly #ledByCallers = new Set<string>();
  readonly #highestLed = new Map<ElectionName, number>();
  terms = 0;
  /** Each core's own list counts, not what its application was told. */
  believesCores = false;
  /** Leaderships that ended without anybody having meant it. */
  accidents = 0;

  constructor(world: JudgedWorld) {
    this.#world = world;
  }

  claims(process: Process): Claims {
    const known = this.#claims.get(process);
    if (known !== undefined) return known;
    const claims = new Claims();
    this.#claims.set(process, claims);
    return claims;
  }

  #drainsOf(process: Process): Drains {
    const known = this.#drains.get(process);
    if (known !== undefined) return known;
    const drains = new Drains();
    this.#drains.set(process, drains);
    return drains;
  }

  stepped(process: Process, step: ClientTurn): void {
    this.#drainsOf(process).stepped(step);
    const { before, event, effects } = step;
    const after = process.state;
    const { input, connection } = event;
    if (input.type === "lost" && connection === before.attempt) {
      demand(!NEVER_TOLD.has(input.code), "N6", () => `${process.name} is told ${input.code} on its current socket`);
    }
    if (before.terms === after.terms) return;
    this.#judgeInput(process, step);
    for (const term of after.terms) if (term.stage === "leading") this.#leads(process, term, step);
    for (const term of before.terms) if (term.stage === "leading") this.#mayHaveEnded(process, term, step);
    for (const effect of effects) {
      if (effect.type === "revoke") this.#world.tell(() => `${process.name} is revoked (${effect.reason})`);
    }
  }

  /** What some inputs demand at once. */
  #judgeInput({ name, setup, state, contenders }: Process, { before, event: { input, connection } }: ClientTurn): void {
    if (connection !== before.attempt) return;
    if (input.type === "lost" && setup.onDisconnect === "revoke") {
      const keeps = state.terms.some(({ stage }) => stage === "leading");
      demand(!keeps, "N1", () => `${name} goes on leading without a connection`);
    } else if (input.type === "revoke") {
      const leads = state.terms.some((one) => one.leaderSessionId === input.leaderSessionId && one.stage === "leading");
      demand(!leads, "C6", () => `${name} goes on leading after a revoke`);
    } else if (input.type === "grant" && before.terms.length < state.terms.length) {
      const ready = contenders.some((one) => one.election === input.election && one.ready);
      demand(ready, "S11", () => `${name} takes a grant of ${input.election} while nobody is ready`);
    }
  }

  #leads(process: Process, term: Term, { before, event }: ClientTurn): void {
    const { leaderSessionId, epoch } = term;
    const known = before.terms.find((other) => other.leaderSessionId === leaderSessionId);
    demand(!this.#ended.has(leaderSessionId), "S7", () => `${process.name} takes up epoch ${epoch} again`);
    if (known?.stage === "leading") {
      const lapsed = known.leaseUntil <= event.now;
      demand(!lapsed, "S6", () => `${process.name} goes on with epoch ${epoch}, whose lease was over`);
      return;
    }
    demand(term.leaseUntil > event.now, "S6", () => `${process.name} begins epoch ${epoch}, whose lease is over`);
    this.#begins(process.name, term);
  }

  #begins(name: string, { election, epoch }: Pick<Term, "election" | "epoch">): void {
    this.terms += 1;
    this.#world.tell(() => `${name} LEADS ${election} by epoch ${epoch}`);
    const highest = this.#highestLed.get(election) ?? 0;
    demand(epoch > highest, "S5", () => `${name} leads ${election} by epoch ${epoch} after ${highest}`);
    this.#highestLed.set(election, epoch);
  }

  // Callers: processes without a socket

  /** Granted by the answer to its latest call, for the first time or once more. */
  callerLeads(caller: Caller, term: Subject): void {
    const { leaderSessionId } = term;
    if (this.#ledByCallers.has(leaderSessionId)) return;
    this.#ledByCallers.add(leaderSessionId);
    this.#begins(caller.name, term);
    this.judgeHolders();
  }

  callerEnded({ name }: Caller, { election, epoch }: Subject, how: CallerEnd): void {
    this.#world.tell(() => `${name} ends epoch ${epoch} of ${election} (${how})`);
    this.#count(how);
  }

  #mayHaveEnded(process: Process, term: Leading, { before, event, effects }: ClientTurn): void {
    const { leaderSessionId, election, epoch } = term;
    const now = process.state.terms.find((other) => other.leaderSessionId === leaderSessionId);
    if (now?.stage === "leading") return;
    this.#ended.add(leaderSessionId);
    this.#world.tell(() => `${process.name} ends epoch ${epoch} of ${election}`);
    const own = new Set(
      before.contenders.filter((one) => leaderSessionIdOf(one) === leaderSessionId).map(({ id }) => id),
    );
    const reason = reasonFor(effects, own);
    this.#count(reason);
    if (reason !== "lost" || event.input.type === "error" || term.leaseUntil <= event.now) return;
    const row = this.#world.backend.storage.election(election)?.state;
    const stands = row?.type === "leading" && row.leaderSessionId === leaderSessionId;
    // A new token may no longer allow some of its contenders (`error`), or any: it stops, and the group waits for its report.
    const session = stands ? this.#world.backend.load().sessions.get(row.sessionId) : undefined;
    const ledBy = before.contenders.filter(({ id }) => own.has(id));
    const contends = ledBy.some(({ info }) => session?.contenders.get(info.component)?.election === election);
    demand(!contends, "I8", () => `${process.name} loses epoch ${epoch}, which the group still counts as its own`);
  }

  /** A preemption whose revoke was lost, or came after its drain time, arrives as a loss. */
  #count(reason: LossReason | CallerEnd | undefined): void {
    if (reason === "expired" || (reason === "lost" && !this.#world.backend.options.preempt)) this.accidents += 1;
  }

  /** At this true instant, on each process's own clock. */
  judgeHolders(): void {
    for (const process of this.#running()) this.#judgeLeases(process);
    this.#only([...this.#leading()], "I1");
    this.#only([...this.#claiming()], "I1 by its frames");
  }

  /** K7: whoever was told by `check()` that it leads does so now, whatever its clocks have shown meanwhile. */
  assured(holder: Holder, election: ElectionName): void {
    this.#world.tell(() => `${holder.name} is told that it leads ${election}`);
    this.#only([...this.#leading(), [election, holder]], "K7");
  }

  *#running(): Generator<Process> {
    for (const process of this.#world.processes) if (process.whereabouts !== "dead") yield process;
  }

  #only(leading: readonly (readonly [ElectionName, Holder])[], rule: string): void {
    const two = twoLeaders(leading);
    demand(two === null, rule, () => `${two?.first.name} and ${two?.second.name} hold ${two?.election}`);
  }

  /** By their own lists. */
  *#listed(): Generator<readonly [ElectionName, Holder]> {
    for (const process of this.#running()) {
      const now = process.clock.peek();
      for (const { election, leaseUntil } of process.state.terms) if (leaseUntil > now) yield [election, process];
    }
    for (const caller of this.#world.callers) {
      for (const { election, leaseUntil } of caller.state.terms)
        if (leaseUntil > caller.hostNow) yield [election, caller];
    }
  }

  /** By what their applications were told and did. */
  *#leading(): Generator<readonly [ElectionName, Holder]> {
    if (this.believesCores) return yield* this.#listed();
    for (const process of this.#running()) {
      const now = process.clock.peek();
      for (const contender of process.contenders) {
        if (leads(this.#toldTo(process, contender, now), now)) yield [contender.election, process];
      }
    }
    for (const caller of this.#world.callers) for (const { election } of caller.holding()) yield [election, caller];
  }

  #toldTo(process: Process, { id, granted, draining }: Process["contenders"][number], now: number): AsTold {
    const { client } = this.#world.cores;
    const drain = draining ? this.#drainsOf(process).of(id) : undefined;
    const leaderSessionId = granted?.leaderSessionId ?? drain?.leaderSessionId ?? "";
    return {
      isLeader: granted !== null && client.remainingMs(process.state, id, leaderSessionId, now) > 0,
      drainsUntil: drain?.until ?? null,
      leaseUntil: this.claims(process).leaseUntil(leaderSessionId),
    };
  }

  /** By what they have sent and read: so long they may lead. */
  *#claiming(): Generator<readonly [ElectionName, Holder]> {
    for (const process of this.#running()) {
      const now = process.clock.peek();
      for (const { election, until } of this.claims(process).held.values()) if (until > now) yield [election, process];
    }
    for (const caller of this.#world.callers) for (const { election } of caller.holding()) yield [election, caller];
  }

  /** A term in which nobody is or was granted is nobody's. */
  #judgeLeases(process: Process): void {
    const { terms, contenders } = process.state;
    for (const term of terms) {
      const isIn = contenders.some((one) => leaderSessionIdOf(one) === term.leaderSessionId);
      if (term.stage === "leading" && isIn && term.leaseUntil > process.clock.peek()) {
        this.#judgeLease(process, term.leaderSessionId, term.leaseUntil);
      }
    }
  }

  /** S1: no longer than R after the request was sent that was answered, or the statement that was granted by. */
  #judgeLease(process: Process, leaderSessionId: string, leaseUntil: number): void {
    const claim = this.claims(process).held.get(leaderSessionId);
    const until = claim?.until ?? 0;
    demand(
      leaseUntil <= until + 1e-6,
      "S1",
      () => `${process.name} counts its lease ${leaseUntil - until} ms too long`,
    );
  }
}
