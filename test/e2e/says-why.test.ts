/** What a client of Node says when something is in the way: where, why, and what to do; the same by socket and by HTTP. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../cli/backend/free-port.ts";
import { createElectionClient as createPageClient } from "../../client/index.ts";
import { type ClientOptions, createElectionClient, ElectionError } from "../../client/node/index.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";

const SECRET = "a secret of at least thirty-two characters";
const backends = new Map<"guarded" | "closed" | "open", LocalBackend>();

beforeAll(async () => {
  backends.set("guarded", await startLocalBackend({ bindings: { AUTH_SECRET: SECRET } }));
  backends.set("closed", await startLocalBackend({ bindings: {} }));
  backends.set("open", await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } }));
});
afterAll(() => Promise.all([...backends.values()].map((backend) => backend.stop())));

/** Both ways of asking: what the first contender hears, and how a look-up rejects. */
async function both(
  options: Pick<ClientOptions, "url" | "token">,
): Promise<{ heard: ElectionError; asked: ElectionError }> {
  const client = createElectionClient({ group: "g", signals: false, ...options });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  client.contend("x", { onError: resolve });
  const asked: unknown = await client.getLeader("x").catch((error: unknown) => error);
  const heard = await promise;
  await client.close();
  if (!(heard instanceof ElectionError && asked instanceof ElectionError)) throw new Error("something else came");
  return { heard, asked };
}

/** A server of somebody else, while `use` runs. */
async function served<T>(listener: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(listener);
  server.on("upgrade", (request, socket) => {
    socket.on("error", () => {});
    const response = { head: "", body: "" };
    listener(request, {
      writeHead(status: number, headers: Record<string, string> = {}) {
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
        response.head = [`HTTP/1.1 ${status} x`, ...lines, "connection: close", "", ""].join("\r\n");
        return this;
      },
      end(body = "") {
        socket.end(response.head + body);
      },
    } as never);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const answering =
  (status: number, headers: Record<string, string> = {}, body = "<html>a page</html>"): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

describe("[E11] somebody else is there", () => {
  test.each([
    ["a page", answering(200), "refused", /HTTP 200: no deployment .* correct the host or the base path/],
    ["an object of somebody else", answering(200, {}, '{"leader":null}'), "refused", /HTTP 200: no deployment/],
    ["nothing at the path", answering(404), "refused", /HTTP 404: no deployment .* base path/],
    ["a proxy that does not let pass", answering(403), "unauthorized", /HTTP 403: something in front of the backend/],
    ["a proxy without a backend", answering(502), "refused", /HTTP 502: something in front of the backend/],
    [
      "a full disk",
      answering(
        503,
        {},
        JSON.stringify({ error: { code: "unavailable", message: "the group can't answer right now" } }),
      ),
      "unavailable",
      /HTTP 503: the group can't answer right now/,
    ],
  ])("%s", async (_, listener, code, message) => {
    await served(listener, async (url) => {
      for (const error of Object.values(await both({ url }))) {
        expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
        expect(error.message).toContain(`${url}/v1/groups/g/`);
      }
    });
  });
});

test("[E11] a redirect: neither an upgrade nor a request follows it, and both say where it leads", async () => {
  await served(answering(301, { location: "http://127.0.0.1:9/" }), async (url) => {
    const { heard, asked } = await both({ url });
    const message = expect.stringMatching(
      /HTTP 301: the address has moved to http:\/\/127.0.0.1:9\/: give the new one/,
    );
    expect(heard).toMatchObject({ code: "refused", message });
    expect(asked).toMatchObject({ code: "refused", message });
  });
});

describe("[E11] nobody is there", () => {
  test("nobody listens", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    for (const error of Object.values(await both({ url }))) {
      const message = expect.stringMatching(
        /can't be reached: .*ECONNREFUSED.*; nobody listens there: start the backend/,
      );
      expect(error).toMatchObject({ code: "connection_failed", retryable: true, message, cause: expect.any(Error) });
      expect(error.message).toContain(url);
    }
  });

  test("the host has no address", async () => {
    for (const error of Object.values(await both({ url: "https://nowhere.invalid" }))) {
      const message = expect.stringMatching(
        /nowhere\.invalid.* can't be reached: .*(ENOTFOUND|EAI_AGAIN).*name.* `url`/,
      );
      expect(error).toMatchObject({ code: "connection_failed", retryable: true, message });
    }
  });

  test("TLS against a port without it", async () => {
    await served(answering(200), async (url) => {
      for (const error of Object.values(await both({ url: url.replace("http:", "https:") }))) {
        const message = expect.stringMatching(
          /can't be reached: .*; the port does not speak TLS: begin `url` with http:/,
        );
        expect(error).toMatchObject({ code: "connection_failed", message });
      }
    });
  });
});

describe("[E11] the backend refuses", () => {
  test.each([
    ["no token", "guarded", undefined, /a token is required/],
    ["a token of somebody else", "guarded", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", /token is not valid .* get a new one/],
  ] as const)("%s", async (_, kind, token, message) => {
    const url = backends.get(kind)?.url ?? "";
    const { heard, asked } = await both({ url, ...(token && { token }) });
    for (const error of [heard, asked]) {
      expect(error).toMatchObject({ name: "UnauthorizedError", code: "unauthorized", retryable: false });
    }
    expect(asked).toMatchObject({ message: expect.stringMatching(message) });
    if (token === undefined) return;
    // A function may give another one the next time.
    for (const error of Object.values(await both({ url, token: () => token }))) {
      expect(error).toMatchObject({ code: "unauthorized", retryable: true });
    }
  });

  test("a wrong token, with the class of sockets that Node shares with pages", async () => {
    const url = backends.get("guarded")?.url ?? "";
    for (const token of [undefined, "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"]) {
      const client = createPageClient({ url, group: "g", ...(token && { token }) });
      const { promise, resolve } = Promise.withResolvers<unknown>();
      client.contend("x", { onError: resolve });
      expect(await promise).toMatchObject({ code: "unauthorized", message: expect.stringContaining("(4401)") });
      await client.close();
    }
  });

  test("a backend without settings for access", async () => {
    for (const error of Object.values(await both({ url: backends.get("closed")?.url ?? "" }))) {
      expect(error.message).toMatch(/AUTH_SECRET/);
    }
  });

  test("a wrong base path", async () => {
    for (const error of Object.values(await both({ url: `${backends.get("open")?.url}/elsewhere` }))) {
      expect(error).toMatchObject({
        code: "not_found",
        message: expect.stringMatching(/HTTP 404: there is nothing at this path/),
      });
    }
  });
});
