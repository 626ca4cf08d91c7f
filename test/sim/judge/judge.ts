/** All judges; each is notified of every event as it happens. */
import { lineOf } from "../../../client/session/state.ts";
import type { ClientMessage, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { Incarnation } from "../../../testing/group/incarnation.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import type { Turned } from "../../../worker/host/port.ts";
import { CoreTrace } from "../../support/core-trace.ts";
import { demand } from "../../support/violation.ts";
import type { ClientTurn } from "../world/client-shell.ts";
import type { Process } from "../world/process.ts";
import { judgeCall, judgeTriedCall } from "./calls.ts";
import { GroupJudge } from "./group.ts";
import { judgeHibernation } from "./hibernation.ts";
import type { JudgedWorld } from "./judged-world.ts";
import { LeadershipJudge } from "./leadership.ts";

export class Judge {
  readonly #world: JudgedWorld;
  /** What was judged after an earlier move. */
  #judged: GroupState | null = null;
  /** How many of the next attempts to set the alarm were to fail, before the last turn. */
  #alarmFaults = 0;
  /** An alarm could not be set; its object is told after its event. */
  #untold: { readonly incarnation: Incarnation; readonly told: number } | null = null;
  readonly leadership: LeadershipJudge;
  readonly group: GroupJudge;
  /** What any client has to keep to, by its frames alone. */
  readonly #traces = new Map<Process, CoreTrace>();

  constructor(world: JudgedWorld) {
    this.#world = world;
    this.leadership = new LeadershipJudge(world);
    this.group = new GroupJudge(world);
  }

  /** Each of its applications asks whether it leads. */
  #sample(process: Process): void {
    if (this.leadership.believesCores) return;
    const { client } = this.#world.cores;
    const now = process.clock.peek();
    for (const { id, info, granted } of process.contenders) {
      if (granted === null || client.remainingMs(process.state, id, granted.leaderSessionId, now) === 0) continue;
      this.#traceOf(process).leads(info.component, granted.leaderSessionId, now);
    }
  }

  #traceOf(process: Process): CoreTrace {
    const known = this.#traces.get(process);
    if (known !== undefined) return known;
    const trace = new CoreTrace(({ rule, problem }) =>
      demand(false, `${rule} by its trace`, () => `${process.name}: ${problem}`),
    );
    this.#traces.set(process, trace);
    return trace;
  }

  stepped(process: Process, step: ClientTurn): void {
    judgeLeaving(process, step);
    this.leadership.stepped(process, step);
    if (step.before.terms !== process.state.terms) this.leadership.judgeHolders();
    this.#traceOf(process).turned(step);
  }

  sent(process: Process, message: ClientMessage): void {
    this.leadership.claims(process).sent(message, process.clock.peek());
  }

  heard(process: Process, message: ServerMessage): void {
    this.leadership.claims(process).heard(message, process.clock.peek());
  }

  turned(incarnation: Incarnation, turned: Turned): void {
    this.group.turned(incarnation, turned);
    judgeCall(turned.report.before, incarnation.state, turned.event);
    judgeTriedCall(turned.report.before, incarnation.state, turned.event);
    this.#judgeAlarm(incarnation);
  }

  /** N13: any event sets an alarm again that was lost, unless that fails, and then the one after it. */
  #judgeAlarm(incarnation: Incarnation): void {
    const { cores, backend } = this.#world;
    const { alarmAt, faults } = backend.storage;
    if (faults.alarm < this.#alarmFaults) this.#untold = { incarnation, told: backend.alarmsNotSet };
    this.#alarmFaults = faults.alarm;
    const isUntold = this.#untold?.incarnation === incarnation && this.#untold.told === backend.alarmsNotSet;
    if (!backend.isAlarmLost || alarmAt === null || isUntold || incarnation !== backend.current) return;
    const isNeeded = incarnation.state.reconciled && cores.group.nextDeadline(incarnation.state) !== null;
    demand(!isNeeded || alarmAt > incarnation.now(), "N13", () => "an alarm that was lost is not set again");
  }

  afterMove(): void {
    this.#alarmFaults = this.#world.backend.storage.faults.alarm;
    this.leadership.judgeHolders();
    for (const process of this.#world.processes) {
      judgeSize(process);
      if (process.runs) this.#sample(process);
    }
    const { current } = this.#world.backend;
    if (current === null || current.state === this.#judged) return;
    this.#judged = current.state;
    this.group.judgeState(current);
    judgeHibernation(this.#world, current);
  }
}

/** N8: a client that leaves while it can send says so, whatever waits. */
function judgeLeaving({ name, state }: Process, { before, event: { input }, effects }: ClientTurn): void {
  const hasLeft =
    state.connection.type === "idle" || state.connection.type === "closed" || state.connection.type === "paused";
  if (!hasLeft || lineOf(before) === null || input.type === "lost") return;
  const isTold = effects.some((effect) => effect.type === "send" && effect.message.type === "bye");
  demand(isTold, "N8", () => `${name} leaves without a word`);
}

/** Far more than any of these worlds should make a process keep. */
const MAX_KEPT = 40;

function judgeSize({ name, state, flooded }: Process): void {
  const { terms, contenders, watched } = state;
  const line = lineOf(state);
  const lists = line ? [line.requests, line.farewells, line.outbox] : [];
  const kept = Math.max(...[terms, contenders, watched, ...lists].map(({ length }) => length));
  demand(kept <= MAX_KEPT + flooded, "size", () => `${name} keeps ${kept} of something`);
}
