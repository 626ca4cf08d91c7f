/** Contenders that a real group does not let stand. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createElectionClient, type ElectionClient } from "../../client/node/index.ts";
import { DEFAULT_LIMITS } from "../../shared/protocol/limits.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";

let backend: LocalBackend;
const clients: ElectionClient[] = [];

beforeAll(async () => {
  backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await backend.stop();
});

function join(group: string): ElectionClient {
  const client = createElectionClient({ url: backend.url, group, signals: false });
  clients.push(client);
  return client;
}

test("[E6] [D2] a component of the other kind of election rejects, typed; with callbacks it leads once its cause has gone", async () => {
  const [first, second] = [join("kinds"), join("kinds")];
  const dedicated = await first.acquire("x", { election: "dedicated" });
  const mismatch = { code: "election_mismatch", retryable: true, message: expect.stringContaining("same kind") };
  await expect(second.acquire("x")).rejects.toMatchObject(mismatch);
  await expect(second.elect("x", () => {})).rejects.toMatchObject(mismatch);
  const refused = Promise.withResolvers<unknown>();
  const granted = Promise.withResolvers<void>();
  second.contend("x", { onError: refused.resolve, onGrant: () => granted.resolve() });
  expect(await refused.promise).toMatchObject(mismatch);
  expect(second.health()).toMatchObject({ status: "failing", refused: [{ component: "x" }] });
  await dedicated.close();
  await granted.promise;
  expect(second.health()).toMatchObject({ status: "ok", leads: [{ component: "x" }] });
});

test("[E6] [C4] one component too many rejects with the limit, and the others lead", async () => {
  const client = join("many");
  const { contenders } = DEFAULT_LIMITS;
  const names = Array.from({ length: contenders }, (_, index) => `c${index}`);
  const leading = names.map(
    (name) => new Promise<void>((granted) => client.contend(name, { onGrant: () => granted() })),
  );
  const failure = { code: "limit_exceeded", message: expect.stringContaining(String(contenders)) };
  await expect(client.elect("one-more", () => {})).rejects.toMatchObject(failure);
  await Promise.all(leading);
  expect(client.health()).toMatchObject({ status: "ok", waits: [] });
});
