/**
 * What `check` waits for: the answer to something that was asked after it. Both transports name their questions by a
 * `sentAt` that strictly increases.
 */
interface Ports {
  /** The last name in use. */
  sentAt(): number;
  /** Asks the group, now or as soon as it can. */
  ask(): void;
}

export class Inquiries {
  readonly #ports: Ports;
  #waiting: { readonly after: number; readonly resolve: () => void }[] = [];
  #next: Promise<void> | undefined;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Resolves when something was answered that was asked after this call, or was given up. All calls of one turn share the question. */
  inquire(): Promise<void> {
    this.#next ??= Promise.resolve().then(() => this.#ask());
    return this.#next;
  }

  #ask(): Promise<void> {
    this.#next = undefined;
    const after = this.#ports.sentAt();
    const answered = new Promise<void>((resolve) => this.#waiting.push({ after, resolve }));
    this.#ports.ask();
    return answered;
  }

  answered(sentAt: number): void {
    const over = this.#waiting.filter(({ after }) => after < sentAt);
    this.#waiting = this.#waiting.filter(({ after }) => after >= sentAt);
    for (const { resolve } of over) resolve();
  }

  /** The answer no longer matters to anybody: nobody waits for it from here on. */
  giveUp(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
  }
}
