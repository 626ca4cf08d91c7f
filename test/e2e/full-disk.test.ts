/** A real disk without room: a small one in memory, mounted for one process (needs the system's user namespaces). */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createElectionClient, ElectionError } from "../../client/node/index.ts";
import { runProgram } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { recordedPath } from "../../tools/harness/recorder.ts";
import type { FullDiskConfig } from "../support/full-disk.main.ts";

const MOUNTED = 'mount -t tmpfs -o size=4m none "$0" && exec "$@"';
const main = fileURLToPath(new URL("../support/full-disk.main.ts", import.meta.url));

test("[E22] a full disk: 503 with a sentence, which the client says; with room again the group goes on by itself", async () => {
  await using folder = await temporaryFolder();
  const config: FullDiskConfig = { disk: folder.path };
  const program = [process.execPath, main, JSON.stringify(config)];
  const owner = runProgram("unshare", ["--map-root-user", "--mount", "sh", "-c", MOUNTED, folder.path, ...program]);
  const [, port] = await owner.whenWritten(/^serves (\d+)$/m);
  await using path = await recordedPath(Number(port));
  const { url } = path;
  const order = async (what: "fill" | "free"): Promise<void> => {
    owner.child.stdin?.write(`${what}\n`);
    await owner.whenWritten(new RegExp(`^did ${what}$`, "m"));
  };
  await order("fill");

  const said = "the group can't answer right now: try again; the backend's log says why";
  const answer = await fetch(`${url}/v1/groups/shop/pause`, { method: "POST" });
  expect([answer.status, await answer.json()]).toEqual([503, { error: { code: "unavailable", message: said } }]);
  await owner.whenWritten(/SQLITE_FULL/);

  const client = createElectionClient({ url, group: "shop", signals: false });
  const heard = Promise.withResolvers<unknown>();
  const leads = Promise.withResolvers<number>();
  client.contend("dispatcher", { onError: heard.resolve, onGrant: ({ epoch }) => leads.resolve(epoch) });
  const error = await heard.promise;
  expect(error).toBeInstanceOf(ElectionError);
  expect(error).toMatchObject({ code: "unavailable", retryable: true, message: expect.stringContaining(said) });
  expect(client.health()).toMatchObject({ leads: [], lastError: { code: "unavailable" } });

  await order("free");
  expect(await leads.promise).toBeGreaterThan(0);
  expect(client.health().status).toBe("ok");
  await client.close();
  owner.child.stdin?.end();
  expect(await owner.ended).toEqual({ code: 0, signal: null });
});
