/** What a client of Node says when something is in the way: where, why, and what to do; the same by socket and by HTTP. */
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createElectionClient as createPageClient } from "../../client/index.ts";
import { createElectionClient } from "../../client/node/index.ts";
import { listen } from "../../tools/harness/loopback.ts";
import { askInVain } from "../support/ask-in-vain.ts";
import { failures, type Servers, startServers } from "../support/failures.ts";

const parts: { servers?: Servers } = {};
const servers = (): Servers => {
  if (parts.servers === undefined) throw new Error("the servers are there only while tests run");
  return parts.servers;
};

beforeAll(async () => {
  parts.servers = await startServers("https://pages.example.com");
});
afterAll(() => parts.servers?.[Symbol.asyncDispose]());

const inNode = failures.flatMap(({ node, ...failure }) => (node === null ? [] : [{ ...failure, node }]));

test.each(inNode)("[E11] $what", async ({ ask, node: { code, retryable, says }, isOfContender = false }) => {
  const asked = ask(servers());
  const { socket, request } = await askInVain((options) => createElectionClient({ ...options, signals: false }), asked);
  const expected = { code, retryable, message: expect.stringMatching(says), hasCause: code === "connection_failed" };
  expect(socket).toMatchObject(expected);
  if (isOfContender) return expect(request).toBeNull();
  expect(request).toMatchObject({ ...expected, name: socket.name });
  for (const said of [socket, request]) expect(said?.message).toContain(`${asked.url}/v1/groups/shop/`);
});

test("[E11] an object of somebody else is no answer", async () => {
  await using stranger = await listen(createServer((_, response) => void response.end('{"leader":null}')));
  const client = createElectionClient({ url: stranger.url, group: "shop", signals: false });
  const asked = expect(client.getLeader("x")).rejects;
  await asked.toMatchObject({ code: "refused", message: expect.stringMatching(/HTTP 200: no deployment/) });
  await client.close();
});

describe("[E11] a refused token", () => {
  const STRANGE = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln";

  test("may be another one the next time, if a function gives it", async () => {
    const ask = (token: string | (() => string)) =>
      askInVain((options) => createElectionClient({ ...options, token, signals: false }), { url: servers().guarded });
    for (const [token, retryable] of [
      [STRANGE, false],
      [() => STRANGE, true],
    ] as const) {
      const { socket, request } = await ask(token);
      for (const said of [socket, request]) {
        expect(said).toMatchObject({ name: "UnauthorizedError", code: "unauthorized", retryable });
      }
    }
  });

  test("is refused by a close code with the class of sockets that Node shares with pages", async () => {
    for (const token of [undefined, STRANGE]) {
      const asked = { url: servers().guarded, ...(token !== undefined && { token }) };
      const { socket } = await askInVain(createPageClient, asked);
      expect(socket).toMatchObject({ code: "unauthorized", message: expect.stringContaining("(4401)") });
    }
  });
});
