import { existsSync } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { claimDataDirectory } from "../../cli/backend/data-directory.ts";
import type { LocalBackend } from "../../tools/harness/backend.ts";
import { importLocalBackend } from "../../tools/harness/built.ts";
import { runNode } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { listen } from "../../tools/harness/loopback.ts";
import { PATIENCE_MS } from "../../tools/harness/patience.ts";
import { throwawayWorker } from "../support/throwaway-worker.ts";

const { startLocalBackend } = await importLocalBackend();

async function ask(backend: LocalBackend, query = ""): Promise<unknown> {
  const response = await fetch(`${backend.url}/${query}`);
  return response.json();
}

function isServing(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

test("a restart on the same data directory and port goes on with what was stored, after a stop and after a kill", async () => {
  await using worker = await throwawayWorker();
  const options = { workerBundle: worker.bundle, bindings: {}, dataDir: join(worker.folder, "data") };

  await using first = await startLocalBackend(options);
  expect(await ask(first)).toMatchObject({ count: 1 });
  await first.stop();
  await using second = await startLocalBackend({ ...options, port: first.port });
  expect(await ask(second)).toMatchObject({ count: 2 });
  await second.kill();
  expect(await second.exited).toEqual({ code: null, signal: "SIGKILL" });
  await using third = await startLocalBackend({ ...options, port: first.port });
  expect(await ask(third)).toMatchObject({ count: 3 });
  await third.stop();
});

test("the port that it takes is none that the system gives to connections, which could take it during a restart", async () => {
  await using worker = await throwawayWorker();
  await using backend = await startLocalBackend({ workerBundle: worker.bundle, bindings: {}, port: 0 });

  expect(backend.port).toBeGreaterThanOrEqual(11_000);
  expect(backend.port).toBeLessThan(32_000);
});

test("without a data directory it uses a temporary one, and removes it when it ends", async () => {
  await using worker = await throwawayWorker();
  await using backend = await startLocalBackend({ workerBundle: worker.bundle, bindings: {} });

  expect(existsSync(backend.dataDir)).toBe(true);
  await backend.stop();
  expect(existsSync(backend.dataDir)).toBe(false);
});

test("bindings reach the Worker character by character", async () => {
  await using worker = await throwawayWorker();
  const text = 'quote " backslash \\ line\nend \u0001 é $x';
  await using backend = await startLocalBackend({ workerBundle: worker.bundle, bindings: { TEXT: text } });

  expect(await ask(backend)).toMatchObject({ bindings: { TEXT: text } });
});

test("the Worker can call nobody, not even on this machine", async () => {
  await using worker = await throwawayWorker();
  const requests: string[] = [];
  await using neighbour = await listen(
    createServer((request, response) => {
      requests.push(request.url ?? "");
      response.end();
    }),
  );
  await using backend = await startLocalBackend({ workerBundle: worker.bundle, bindings: {} });

  expect(await ask(backend, `?call=${neighbour.url}/`)).toMatchObject({ reached: false });
  expect(requests).toEqual([]);
});

test("[E20] its data directory is kept out of version control, and an own .gitignore stays", async () => {
  await using folder = await temporaryFolder();
  const fresh = await claimDataDirectory(join(folder.path, "data"));
  const file = join(fresh.path, ".gitignore");
  expect(await readFile(file, "utf8")).toBe("*\n");
  fresh.release();
  await writeFile(file, "own\n");
  (await claimDataDirectory(fresh.path)).release();
  expect(await readFile(file, "utf8")).toBe("own\n");
});

test("[E8] a data directory serves one backend at a time", async () => {
  await using worker = await throwawayWorker();
  const options = { workerBundle: worker.bundle, bindings: {}, dataDir: join(worker.folder, "data") };
  await using backend = await startLocalBackend(options);

  await expect(startLocalBackend(options)).rejects.toThrow(
    `Another backend uses the data directory ${backend.dataDir}: stop it first`,
  );
});

test("[E8] the claim is in the data directory itself: under another path, as in another container, it is seen, and it ends with its holder", async () => {
  await using place = await temporaryFolder();
  const [before, after] = [join(place.path, "before"), join(place.path, "after")];
  const holder = runNode("test/support/claim.main.ts", [before]);
  await holder.whenWritten(/claimed/);
  await rename(before, after);

  await expect(claimDataDirectory(after)).rejects.toThrow(`Another backend uses the data directory ${after}: stop it`);
  const other = runNode("test/support/claim.main.ts", [after]);
  await other.whenWritten(/Another backend uses/);
  await other.ended;
  holder.child.kill("SIGKILL");
  await holder.ended;
  const claims = await Promise.allSettled(Array.from({ length: 8 }, () => claimDataDirectory(after)));
  const won = claims.flatMap((claim) => (claim.status === "fulfilled" ? [claim.value] : []));
  expect(won).toHaveLength(1);
  won[0]?.release();
  (await claimDataDirectory(after)).release();
});

test("[E8] a start that fails gives the data directory back", async () => {
  await using worker = await throwawayWorker();
  await using neighbour = await listen(createServer());
  const options = { workerBundle: worker.bundle, bindings: {}, dataDir: join(worker.folder, "data") };

  await expect(startLocalBackend({ ...options, port: neighbour.port })).rejects.toThrow("is in use");
  await using backend = await startLocalBackend(options);
  expect(await ask(backend)).toMatchObject({ count: 1 });
});

test("what a backend stores may be read by its owner alone", async () => {
  await using worker = await throwawayWorker();
  const dataDir = join(worker.folder, "data");
  await using backend = await startLocalBackend({ workerBundle: worker.bundle, bindings: {}, dataDir });

  expect(await ask(backend)).toMatchObject({ count: 1 });
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
});

test("any number of backends listens for the end of the process once", async () => {
  await using worker = await throwawayWorker();
  const before = process.listenerCount("exit");
  const options = { workerBundle: worker.bundle, bindings: {} };
  const backends = await Promise.all([startLocalBackend(options), startLocalBackend(options)]);
  expect(process.listenerCount("exit") - before).toBeLessThanOrEqual(1);
  await Promise.all(backends.map((backend) => backend.stop()));
});

test("a port in use and a directory that cannot be written are named, with a remedy", async () => {
  await using worker = await throwawayWorker();
  const options = { workerBundle: worker.bundle, bindings: {} };
  await using backend = await startLocalBackend(options);
  const file = join(worker.folder, "file");
  await writeFile(file, "");

  await expect(startLocalBackend({ ...options, port: backend.port })).rejects.toThrow(
    `Port ${backend.port} on 127.0.0.1 is in use: stop what uses it, or choose another port`,
  );
  await expect(startLocalBackend({ ...options, dataDir: join(file, "data") })).rejects.toThrow(
    /cannot be written: choose another one/,
  );
});

test.each(["exit", "throw", "SIGTERM", "SIGINT", "SIGKILL"] as const)(
  "the runtime does not outlive its owner: %s",
  async (ending) => {
    await using worker = await throwawayWorker();
    const owner = runNode("test/support/backend-owner.main.ts", [worker.bundle, ending]);
    const [, url = ""] = await owner.whenWritten(/(http:\S+)\n/);

    if (ending !== "exit" && ending !== "throw") owner.child.kill(ending);
    await owner.ended;
    await vi.waitFor(async () => expect(await isServing(url)).toBe(false), PATIENCE_MS);
  },
);
