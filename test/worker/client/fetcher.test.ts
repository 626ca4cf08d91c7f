/** The shipped client where Workers run: what the platform gives to connect through is a fetcher as it is. */
import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createElectionClient, type ElectionClient, type Leadership } from "../../../client/index.ts";
import { tokenFor } from "../../../tools/harness/tokens.ts";
import { createElectionApp } from "../../../worker/index.ts";
import { freshGroup, ORIGIN, objectOf, pathOf, statusOf, TOKEN } from "../support.ts";

async function leadOnce(client: ElectionClient, component: string): Promise<Leadership> {
  await using leadership = await client.acquire(component);
  expect(leadership.isLeader()).toBe(true);
  await leadership.confirm();
  expect(await client.getLeader(component)).toMatchObject({ leaderSessionId: leadership.leaderSessionId });
  return leadership;
}

test("[S8] a client leads through a service binding, and hands over when it is closed", async () => {
  const group = freshGroup();
  await using client = createElectionClient({ url: ORIGIN, group, token: TOKEN, fetcher: exports.default });
  const leadership = await new Promise<Leadership>((onGrant) => client.contend("nightly", { onGrant }));
  expect((await statusOf(group)).elections).toMatchObject([{ state: "leading" }]);
  await client.close();
  expect(leadership.isLeader()).toBe(false);
  expect(await statusOf(group)).toMatchObject({ sessions: 0 });
});

test("[S8] a client leads through a stub of the group's object itself, and looks up through it", async () => {
  const group = freshGroup();
  const fetcher = objectOf(group);
  await using client = createElectionClient({ url: ORIGIN, group, fetcher });
  await leadOnce(client, "nightly");
  expect(await client.getStatus()).toMatchObject({ group, sessions: 1 });
  expect(await client.getLeader("another")).toBeNull();
});

test("[C15] whoever may not delete a group has left it all the same: by a stub, and by a token that is no admin's", async () => {
  const group = freshGroup();
  const token = tokenFor("contend", { secret: env.AUTH_SECRET ?? "" });
  for (const own of [{ fetcher: objectOf(group) }, { fetcher: exports.default, token }]) {
    const client = createElectionClient({ url: ORIGIN, group, ...own });
    await leadOnce(client, "nightly");
    await expect(client.close({ cleanup: true })).rejects.toMatchObject({ name: "UnauthorizedError" });
    expect(client.state).toBe("closed");
    expect(await statusOf(group)).toMatchObject({ sessions: 0, epoch: expect.any(Number) });
  }
});

test("[E1] a stub of another group's object is refused with the remedy", async () => {
  const fetcher = objectOf(freshGroup());
  const response = await fetcher.fetch(`${ORIGIN}${pathOf("another", "/session")}`, {
    headers: { Upgrade: "websocket" },
  });
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("get the stub by")]);
});

test("[S8] a client inside a Durable Object leads through its own fetcher", async () => {
  const group = freshGroup();
  const app = createElectionApp({ policy: () => ({ leaseMs: 5_000 }) });
  const fetcher = {
    fetch: async (url: string, { headers }: { readonly headers: Record<string, string> }) =>
      app.fetch(new Request(url, { headers }), env),
  };
  await runInDurableObject(objectOf(freshGroup("host")), async () => {
    await using client = createElectionClient({ url: ORIGIN, group, token: TOKEN, fetcher });
    await leadOnce(client, "nightly");
  });
  expect(await statusOf(group)).toMatchObject({ sessions: 0 });
});

test("[E1] a refusal through a fetcher is a typed error, and the client goes on", async () => {
  const group = freshGroup();
  let answers = 0;
  const fetcher = {
    fetch: async (url: string, { headers }: { readonly headers: Record<string, string> }) => {
      answers += 1;
      return answers === 1
        ? new Response("busy", { status: 503 })
        : exports.default.fetch(new Request(url, { headers }));
    },
  };
  await using client = createElectionClient({ url: ORIGIN, group, token: TOKEN, fetcher });
  const errors: unknown[] = [];
  client.onError((error) => errors.push(error));
  await leadOnce(client, "nightly");
  const message = expect.stringContaining("answers with HTTP 503: something in front of the backend gives this answer");
  expect(errors).toMatchObject([{ name: "ElectionError", code: "refused", retryable: true, message }]);
});
