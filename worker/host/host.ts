/**
 * The shell of the group core: everything between the core and the platform. The Durable Object, the test kit and the
 * simulator run this one, each on a port of its own. It decides nothing.
 *
 * One turn: the core's transition, its rows in one commit, then the new state, then the alarm, then the effects in their
 * order, then the log, whose lines the platform writes once the commit is durable. A turn whose commit fails changes nothing
 * and sends nothing; the error goes to the caller, and the next event finds the group as it was.
 *
 * Phases of an incarnation:
 * 1. The constructor loads what is stored, and finds the sockets of leaders, which carry exact leases.
 * 2. `adopt` takes these in, once the platform has told when its alarm is due. No alarm is set before the third phase: if
 *    the constructor set a later one, the platform would drop the due one that has woken the object, and `start` never came.
 * 3. All sockets are listed before whatever comes next (event `start`). Only a frame that comes first is answered before
 *    that, once its own socket is taken in: to list ten thousand takes longer than all else that the frame needs.
 *
 * Until the third phase the core grants nothing to anybody.
 *
 * Entry of the room `worker/host`. `worker/durable-object`, `worker/http`, `worker/callers` and `testing/` may import it;
 * it imports `shared/` and the group core. It never sees a platform: that is behind its port.
 */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { encode } from "../../shared/protocol/codec.ts";
import type { ServerMessage } from "../../shared/protocol/messages.ts";
import type { RunCall } from "../../shared/protocol/runs.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Attachment, Effect, EventBody, Outcome, PollCall } from "../group/events.ts";
import { type Fact, factsOf } from "../group/facts.ts";
import { unheard } from "../group/paths.ts";
import type { PolicyOptions } from "../group/policy.ts";
import { load, type RowChange, rowChanges } from "../group/rows.ts";
import type { Access, GroupState } from "../group/state.ts";
import { nextDeadline, transition } from "../group/transition.ts";
import { leaderConnections } from "../group/views.ts";
import { type Counters, Counting, type HostCounters } from "./counters.ts";
import type { HostPort, Stored } from "./port.ts";
import { readFrame } from "./read-frame.ts";
import { accepted, type GroupSettings, readerFor, usable } from "./settings.ts";
import { Sockets } from "./sockets.ts";

const ALARM_RETRY_MS = 1_000;

/** A call as it comes in. */
export interface PollRequest extends Omit<PollCall, "session" | "secret"> {
  readonly session?: { readonly sessionId: string; readonly secret: string; readonly attempt: number };
}

export class Host<Socket extends object> {
  readonly #port: HostPort<Socket>;
  readonly #sockets: Sockets<Socket>;
  readonly #answers = new Map<string, (outcome: Outcome) => void>();
  /** `answering`: the first frame was let in, and the listing is to come. */
  #phase: "loaded" | "answering" | "started" = "loaded";
  readonly #leaders: readonly Attachment[];
  /** Connections whose sockets have ended, and whose end the core does not know yet. */
  readonly #ended = new Set<string>();
  #state: GroupState;
  #settings: GroupSettings;
  /** They come again with each request, and are logged once. */
  #refusedSettings: string | null = null;
  /** When the platform will call `alarm`, as far as this incarnation knows. */
  #alarmAt: number | null = null;
  readonly #counting: Counting;

  constructor(port: HostPort<Socket>, { rows, settings, counters }: Stored) {
    this.#port = port;
    this.#sockets = new Sockets(port);
    const [options, policy] = usable(port, settings);
    this.#settings = { text: JSON.stringify(options), isStored: true, reader: readerFor(policy) };
    this.#state = load(rows, policy);
    this.#counting = new Counting(counters);
    // Before anything is waited for: a socket whose close has woken the object is still found, with its exact leases.
    this.#leaders = this.#sockets.find(leaderConnections(this.#state));
  }

  /** Second phase; comes before every other event. `alarmAt`: when the platform's alarm is due, `null` without one. */
  adopt(alarmAt: number | null): void {
    // An alarm that lies in the past is about to come, or was lost with an earlier incarnation.
    this.#alarmAt = alarmAt !== null && alarmAt > this.#port.now() ? alarmAt : null;
    const { terms } = this.#state;
    this.#turn({ type: "adopt", attachments: this.#leaders });
    // A term that was over by now is told with the sockets that are not listed yet, whatever has woken the object.
    if (this.#state.terms !== terms) this.#startSoon();
  }

  get state(): GroupState {
    return this.#state;
  }

  /** How many sockets have ended without the core knowing: their ends could not be written. */
  get untoldEnds(): number {
    return this.#ended.size;
  }

  /** Whether the settings in force would survive this incarnation. */
  get areSettingsStored(): boolean {
    return this.#settings.isStored;
  }

  // Sockets

  /** A socket that was let in. */
  connect(socket: Socket, access: Access): void {
    this.#start();
    const connection = this.#port.nonce();
    const connectedAt = this.#port.now();
    this.#sockets.accept(socket, { connection, connectedAt, sessionId: null, leases: [], access });
    this.#counting.own.upgrades += 1;
    try {
      this.#turn({ type: "connect", connection, access });
    } catch (error) {
      this.#giveUp(socket);
      throw error;
    }
  }

  /** If this throws, the frame is lost and its socket closed: the peer connects again, and its hello says everything anew. */
  receive(socket: Socket, data: string | ArrayBuffer): void {
    this.#counting.own.framesIn += 1;
    try {
      this.#receive(socket, data);
    } catch (error) {
      this.#giveUp(socket);
      throw error;
    }
  }

  #receive(socket: Socket, data: string | ArrayBuffer): void {
    this.#prepareForFrame(socket);
    const connection = this.#sockets.connectionOf(socket);
    if (connection === null) return; // closed by this side, and its peer goes on sending: not worth reading
    const frame = readFrame(data, this.#settings.reader, this.#port);
    this.#lookAtOthers(connection, frame.type === "hello");
    this.#turn({ type: "frame", connection, frame, characters: typeof data === "string" ? data.length : 0 });
  }

  /**
   * The socket has ended, by whichever side. It may be the last to bring its exact leases, and need not be listed any
   * longer. If this throws, the core is told soon.
   */
  lose(socket: Socket): void {
    try {
      this.#lose(socket);
    } catch (error) {
      this.#startSoon();
      throw error;
    }
  }

  #lose(socket: Socket): void {
    const carried = this.#phase === "started" ? [] : this.#sockets.adopt(socket);
    const connection = this.#sockets.connectionOf(socket);
    if (connection !== null) {
      this.#sockets.forget(socket, connection);
      this.#ended.add(connection);
    }
    if (carried.length > 0) this.#turn({ type: "adopt", attachments: carried });
    this.#start();
  }

  /** Closes a socket whose event is lost: its peer would wait for what never comes. */
  #giveUp(socket: Socket): void {
    for (const { connection } of this.#sockets.adopt(socket)) {
      this.#sockets.close(connection, CLOSE.restart, "the group could not store this: connect again");
      this.#ended.add(connection);
    }
    this.#startSoon();
  }

  // Requests

  /** Takes one turn, and gives nothing back: for operators, and to look at the group as it is now (`tick`). */
  dispatch(event: EventBody): void {
    this.#start();
    this.#turn(event);
  }

  /** Takes a turn that is answered in it or in a later one. Throws if the turn fails; then `answer` is not called. */
  ask(event: (request: string) => EventBody, answer: (outcome: Outcome) => void): void {
    this.#start();
    const request = this.#port.nonce();
    this.#answers.set(request, answer);
    try {
      this.#turn(event(request));
    } catch (error) {
      this.#answers.delete(request);
      throw error;
    }
  }

  /** One call of a contender without a socket, answered in its own turn. */
  poll(access: Access, { session, ...call }: PollRequest, answer: (outcome: Outcome) => void): void {
    const claim = session && { ...session, presentedHash: this.#port.hashSecret(session.secret) };
    const connection = this.#port.nonce();
    const secret = this.#port.freshSecret();
    const whole = { ...call, ...(claim && { session: claim }), secret };
    this.#start();
    this.#lookAtOthers(null, claim === undefined);
    this.ask((request) => ({ type: "poll", request, connection, access, call: whole }), answer);
  }

  /** Begins, renews or ends a run of a job. Answered in its own turn. */
  run(access: Access, call: RunCall, answer: (outcome: Outcome) => void): void {
    const hashed = { ...call, hash: this.#port.hashSecret(call.run) };
    this.ask((request) => ({ type: "run", request, access, call: hashed }), answer);
  }

  /**
   * Takes over the deployment's settings if they differ from those in force; they are stored, because an alarm comes
   * without them. `null`: as they are. Keeps the old ones where this version refuses the new ones: the Worker has checked
   * them, so it is of another version, and the group goes on for those whom it serves (V1).
   */
  configure(text: string | null): void {
    this.#start();
    if (text === null || text === this.#settings.text || text === this.#refusedSettings) return;
    const policy = accepted(this.#port, text);
    if (policy === null) {
      this.#refusedSettings = text;
      return;
    }
    const before = this.#settings;
    this.#settings = { text, isStored: false, reader: readerFor(policy) };
    try {
      this.#turn({ type: "configure", policy });
    } catch (error) {
      this.#settings = before;
      throw error;
    }
  }

  // Counters

  /** The group's counters, with those of this incarnation. */
  counters(): Counters {
    return this.#counting.with([], this.#port.rowsWritten());
  }

  /** What this incarnation has done. */
  ownCounters(): HostCounters {
    return { ...this.#counting.own, rowsWritten: this.#port.rowsWritten() };
  }

  // Phases

  /** A frame that comes first finds its own socket taken in, and every later one finds all of them listed. */
  #prepareForFrame(socket: Socket): void {
    if (this.#phase !== "loaded") return this.#start();
    this.#phase = "answering";
    this.#startSoon();
    this.#adoptOne(socket);
  }

  #adoptOne(socket: Socket): void {
    this.#turn({ type: "adopt", attachments: this.#sockets.adopt(socket) });
  }

  /** Third phase, and whatever sockets have ended since the last event. What fails is tried again with the next event. */
  #start(): void {
    if (this.#phase !== "started") {
      const attachments = this.#sockets.adoptAll();
      // Before anything is granted: a socket that has ended since the object was loaded is known, and not listed.
      for (const connection of this.#ended) this.#tellEnd(connection);
      this.#turn({ type: "start", attachments });
    }
    this.#phase = "started";
    if (this.#ended.size > 0) this.#tellEnds();
  }

  #tellEnds(): void {
    for (const connection of [...this.#ended]) {
      this.#ended.delete(connection);
      try {
        this.#tellEnd(connection);
      } catch (error) {
        this.#ended.add(connection);
        throw error;
      }
    }
  }

  #tellEnd(connection: string): void {
    this.#turn({ type: "disconnect", connection });
  }

  /** Looks which others have vanished: each sign of life of one connection is the occasion. */
  #lookAtOthers(speaking: string | null, isNewcomer: boolean): void {
    const connections = unheard(this.#state, this.#port.now(), speaking, isNewcomer);
    if (connections.length === 0) return; // most of the time
    this.#turn({ type: "look", paths: connections.map((connection) => this.#sockets.path(connection)) });
  }

  #startSoon(): void {
    this.#port.later(() => {
      try {
        this.#start();
      } catch (error) {
        this.#retryByAlarm("start_failed", error);
      }
    });
  }

  // The alarm

  /** The platform's alarm. Never throws: an alarm that fails too often is dropped by the platform, with all who wait for a deadline. */
  alarm(): void {
    this.#alarmAt = null;
    this.#counting.own.alarms += 1;
    try {
      this.dispatch({ type: "tick" });
    } catch (error) {
      this.#retryByAlarm("alarm_failed", error);
    }
  }

  #retryByAlarm(failure: "alarm_failed" | "start_failed", error: unknown): void {
    this.#port.failed(failure, error);
    const at = this.#port.now() + ALARM_RETRY_MS;
    this.#setAlarm(Math.min(at, this.#alarmAt ?? at));
  }

  /** Only ever to an earlier time: each move costs a row, and an alarm that comes early sets itself again. */
  #moveAlarm(now: number): void {
    const deadline = nextDeadline(this.#state);
    if (deadline === null) return;
    // An overdue alarm may have run out of the platform's retries: its work is done by now, and it is set anew.
    if (this.#alarmAt !== null && this.#alarmAt > now && this.#alarmAt <= deadline) return;
    this.#setAlarm(deadline);
  }

  #setAlarm(at: number): void {
    this.#alarmAt = at;
    this.#port.setAlarm(at, this.#alarmNotSet);
  }

  /** The next turn sets it again. */
  readonly #alarmNotSet = (error: unknown): void => {
    this.#port.failed("alarm_not_set", error);
    this.#alarmAt = null;
  };

  // One turn

  #turn(event: EventBody): void {
    const before = this.#state;
    const now = this.#port.now();
    const { state, effects, touched, purged } = transition(before, { ...event, now, nonce: this.#port.nonce() });
    const report = { before, after: state, event: event.type, now, effects, touched, purged };
    const facts = factsOf(report);
    const rows = purged ? [] : rowChanges(before, state, touched);
    if (purged) this.#purge();
    if (rows.length > 0) this.#commit(rows, facts, now);
    this.#state = state;
    if (!purged) this.#counting.add(facts);
    if (state.reconciled) this.#moveAlarm(now);
    for (const effect of effects) this.#perform(effect);
    this.#port.turned({ event, report, rows, facts });
  }

  /** What comes after it is stored as for a new group. */
  #purge(): void {
    this.#port.purge();
    this.#alarmAt = null;
    this.#counting.forget();
    this.#settings = { ...this.#settings, isStored: false };
  }

  #commit(rows: readonly RowChange[], facts: readonly Fact[], now: number): void {
    const { text, isStored } = this.#settings;
    const settings = isStored ? null : (JSON.parse(text) as PolicyOptions);
    const counters = (): Counters => this.#counting.with(facts, this.#port.rowsWritten());
    this.#port.commit({ rows, settings, counters, now });
    this.#counting.own.commits += 1;
    if (!isStored) this.#settings = { ...this.#settings, isStored: true };
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#send(effect.connection, encode(effect.message));
      case "broadcast":
        return this.#broadcast(effect.connections, effect.message);
      case "close":
        return this.#sockets.close(effect.connection, effect.code, effect.reason);
      case "attach":
        return this.#sockets.attach(effect.attachment);
      case "reply": {
        const answer = this.#answers.get(effect.request);
        this.#answers.delete(effect.request);
        return answer?.(effect.outcome);
      }
      default:
        return unreachable(effect);
    }
  }

  #broadcast(connections: readonly string[], message: ServerMessage): void {
    const text = encode(message);
    for (const connection of connections) this.#send(connection, text);
  }

  #send(connection: string, text: string): void {
    this.#counting.own.framesOut += 1;
    this.#sockets.send(connection, text);
  }
}
