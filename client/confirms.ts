/** Confirms that wait to be published. */
import type { Confirm, Confirmed } from "../shared/protocol/messages.ts";

type Led = Pick<Confirm, "component" | "leaderSessionId">;

interface Pending {
  readonly message: Confirm;
  resolve(): void;
  reject(error: unknown): void;
}

export class Confirms {
  readonly #pending = new Map<string, Pending>();

  /** Resolves when the server has published it, rejects when its term ends or it is refused. */
  add(message: Confirm, send: (message: Confirm) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#pending.set(message.id, { message, resolve, reject });
      send(message);
    }).finally(() => this.#pending.delete(message.id));
  }

  /** A newer confirm stands for the older ones of its leadership: after a blip only the newest was sent again. */
  published({ id, ...led }: Confirmed): void {
    for (const { message, resolve } of this.#of(led)) {
      resolve();
      if (message.id === id) return;
    }
  }

  /** Whether this one waited. */
  refuse(id: string, error: unknown): boolean {
    const pending = this.#pending.get(id);
    pending?.reject(error);
    return pending !== undefined;
  }

  /** The term has ended. */
  end(led: Led, why: () => unknown): void {
    for (const { reject } of this.#of(led)) reject(why());
  }

  /** Oldest first. */
  #of({ component, leaderSessionId }: Led): Pending[] {
    return [...this.#pending.values()].filter(
      ({ message }) => message.component === component && message.leaderSessionId === leaderSessionId,
    );
  }
}
