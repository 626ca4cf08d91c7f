/** Where the counter of the fencing experiment is kept: each of them with a guard, or without. */

import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Leadership } from "../../client/index.ts";
import { importFence } from "../../tools/harness/built.ts";
import { hasCode } from "./error-code.ts";

export interface StoreConfig {
  readonly kind: "file" | "sqlite" | "http";
  /** Path of the file or of the database, or address of the resource. */
  readonly at: string;
  readonly guarded: boolean;
}

/** A write that the store has accepted. */
export interface Write {
  readonly value: number;
  readonly epoch: number;
}

export interface Store {
  read(leadership: Leadership): Promise<number>;
  /** False where the store has refused it. */
  write(value: number, leadership: Leadership): Promise<boolean>;
}

export const openStore = (config: StoreConfig): Promise<Store> => stores[config.kind](config);

const stores: Readonly<Record<StoreConfig["kind"], (config: StoreConfig) => Promise<Store>>> = {
  /** One line for each write; the guard is written by hand. */
  async file({ at, guarded }) {
    const writes = (): Write[] =>
      readFileSync(at, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line): Write => JSON.parse(line));
    return {
      read: () => locked(at, () => writes().at(-1)?.value ?? 0),
      write: (value, { epoch }) =>
        locked(at, () => {
          const highest = Math.max(0, ...writes().map((entry) => entry.epoch));
          if (guarded && epoch < highest) return false;
          const file = openSync(at, "a");
          writeSync(file, `${JSON.stringify({ value, epoch } satisfies Write)}\n`);
          closeSync(file);
          return true;
        }),
    };
  },

  /** The guard for any SQL; reading begins with a claim, as it should. */
  async sqlite({ at, guarded }) {
    const { createSqlGuard, createSqlitePort, StaleLeaderError } = await importFence();
    const database = new DatabaseSync(at, { timeout: 10_000 });
    const guard = createSqlGuard(createSqlitePort(database));
    const insert = (value: number, epoch: number): void =>
      void database.prepare("INSERT INTO writes (value, epoch) VALUES (?, ?)").run(value, epoch);
    return {
      async read(leadership) {
        if (guarded) await guard.claim(leadership);
        const row = database.prepare("SELECT value FROM writes ORDER BY rowid DESC LIMIT 1").get();
        return Number(row?.["value"] ?? 0);
      },
      async write(value, leadership) {
        try {
          if (guarded) await guard.run(leadership, () => insert(value, leadership.epoch));
          else insert(value, leadership.epoch);
          return true;
        } catch (error) {
          if (error instanceof StaleLeaderError) return false;
          throw error;
        }
      },
    };
  },

  /** A resource behind HTTP, which may look at the headers or not. */
  async http({ at }) {
    const ask = async (leadership: Leadership, init: RequestInit = {}): Promise<Response> => {
      const response = await fetch(at, { ...init, headers: leadership.headers() });
      if (response.ok || response.status === 409) return response;
      throw new Error(`HTTP ${response.status}: ${await response.text()}`);
    };
    return {
      read: async (leadership) => Number(await (await ask(leadership)).text()),
      write: async (value, leadership) => (await ask(leadership, { method: "POST", body: String(value) })).ok,
    };
  },
};

const RETRY_MS = 1;

/** The store's own lock: a file that can only be created once. It makes each single read and write atomic, and nothing else. */
async function locked<T>(store: string, action: () => T): Promise<T> {
  for (;;) {
    try {
      const lock = openSync(`${store}.lock`, "wx");
      try {
        return action();
      } finally {
        closeSync(lock);
        rmSync(`${store}.lock`);
      }
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
