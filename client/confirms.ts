/** Addresses that wait to be published. */
import type { Confirm, Confirmed } from "../shared/protocol/messages.ts";

type Led = Pick<Confirm, "component" | "leaderSessionId">;

interface Pending {
  readonly message: Confirm;
  resolve(): void;
  reject(error: unknown): void;
}

export class Confirms {
  readonly #pending = new Map<string, Pending>();

  /** Resolves when the server has published the address. Rejects when its term ends or the server refuses it. */
  add(message: Confirm, send: (message: Confirm) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#pending.set(message.id, { message, resolve, reject });
      send(message);
    }).finally(() => this.#pending.delete(message.id));
  }

  /** A newer confirm answers the older ones of its leadership, too: after a reconnect only the newest is sent again. */
  published({ id, ...led }: Confirmed): void {
    for (const { message, resolve } of this.#of(led)) {
      resolve();
      if (message.id === id) return;
    }
  }

  /** Returns whether a confirm with this id waited. */
  refuse(id: string, error: unknown): boolean {
    const pending = this.#pending.get(id);
    pending?.reject(error);
    return pending !== undefined;
  }

  /** The term has ended: all that waits for it rejects. */
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
