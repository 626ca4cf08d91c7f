/** The platform as the host's port: the context of one Durable Object, its database, its clock, its sockets. */
import { CLOSE, fittingReason } from "../../shared/protocol/close-codes.ts";
import type { Attachment } from "../group/events.ts";
import { createPolicy } from "../group/policy.ts";
import type { Commit, HostFailure, HostPort, Turned } from "../host/port.ts";
import { isLogged, logError, logFacts } from "../http/log.ts";
import type { IndexEntry } from "./index-entry.ts";
import { deploymentOf, freshNonce, freshSecret, hashSecret, hasSpareSecret, spareSecret } from "./secrets.ts";
import type { Store } from "./store.ts";

/** The platform refuses alarms after 2189. */
const LATEST_ALARM = Date.UTC(2189, 0, 1);

interface Named {
  readonly group: string;
  readonly entry: IndexEntry;
}

export class Platform implements HostPort<WebSocket> {
  readonly #context: DurableObjectState;
  readonly #store: Store;
  readonly #group: string;
  readonly #entry: IndexEntry;
  #deployment: string | undefined;
  readonly createPolicy = createPolicy;
  readonly nonce = freshNonce;
  readonly freshSecret = freshSecret;
  readonly hashSecret = hashSecret;

  constructor(context: DurableObjectState, store: Store, { group, entry }: Named) {
    this.#context = context;
    this.#store = store;
    this.#group = group;
    this.#entry = entry;
  }

  /** Only a `hello` asks for it, and most wake-ups bring none. */
  get deployment(): string {
    this.#deployment ??= deploymentOf(this.#context.id);
    return this.#deployment;
  }

  // Storage and time

  commit(commit: Commit): void {
    this.#store.commit(commit);
  }

  /** Both take effect at once; should they not last, the platform resets the object. */
  purge(): void {
    const { storage } = this.#context;
    const failed = (error: unknown): void => logError("purge_failed", error, { group: this.#group });
    storage.deleteAlarm().catch(failed);
    storage.deleteAll().catch(failed);
    this.#store.forget();
  }

  rowsWritten(): number {
    return this.#store.rowsWritten;
  }

  setAlarm(at: number, failed: (error: unknown) => void): void {
    this.#context.storage.setAlarm(Math.min(at, LATEST_ALARM)).catch(failed);
  }

  now(): number {
    return Date.now();
  }

  later(run: () => void): void {
    setTimeout(run, 0);
  }

  // Sockets

  listSockets(): WebSocket[] {
    return this.#context.getWebSockets();
  }

  findSockets(connection: string): WebSocket[] {
    return this.#context.getWebSockets(connection);
  }

  attachmentOf(socket: WebSocket): unknown {
    return socket.deserializeAttachment();
  }

  answeredAt(socket: WebSocket): number | null {
    return this.#context.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null;
  }

  /** The connection is the socket's tag: so it is found without a listing of all. */
  accept(socket: WebSocket, attachment: Attachment): void {
    this.#context.acceptWebSocket(socket, [attachment.connection]);
    socket.serializeAttachment(attachment);
  }

  attach(socket: WebSocket, attachment: Attachment): void {
    socket.serializeAttachment(attachment);
  }

  send(socket: WebSocket, text: string): void {
    socket.send(text);
  }

  close(socket: WebSocket, code: number, reason: string): void {
    closeSocket(socket, code, reason);
  }

  // Log, and the index of groups

  turned(turn: Turned): void {
    this.#afterwards(turn);
    const { report, rows } = turn;
    if (report.purged) this.#entry.purged();
    else if (rows.length > 0) this.#entry.used(report.now);
  }

  /** Once it is durable: what fails to be stored has not happened, and nobody has to wait for the log, or for the next one's secret. */
  #afterwards({ facts, report }: Turned): void {
    const { logLevel } = report.after.policy;
    const isLogging = facts.some((fact) => isLogged(fact, logLevel));
    if (!isLogging && hasSpareSecret()) return;
    const finish = (): void => {
      spareSecret();
      if (isLogging) logFacts(facts, logLevel, { group: this.#group, at: report.now });
    };
    this.#context.storage.sync().then(finish, () => {}); // if it rejects, the platform resets the object
  }

  failed(failure: HostFailure, error: unknown): void {
    logError(failure, error);
  }
}

const UNSENDABLE = new Set([1004, 1005, 1006, 1015]);

/** A peer may close with a code that is none, or that stands for the absence of one. Such a code can't be sent back. */
const isSendable = (code: number): boolean => code >= 1000 && code < 5000 && !UNSENDABLE.has(code);

export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  socket.close(isSendable(code) ? code : CLOSE.normal, fittingReason(reason));
}
