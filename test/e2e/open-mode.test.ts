/** The door of a real backend: shut without settings; in open mode for this machine only, with a warning. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLocalBackend } from "../../tools/harness/backend.ts";
import { runNode } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { createToken } from "../../worker/http/tokens.ts";

/** Status of a request with headers that `fetch` would not let through. */
const statusOf = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });

test("npm start prints OPEN MODE, and serves loopback hosts and origins only", async () => {
  await using folder = await temporaryFolder();
  const started = runNode("cli/start.ts", [], { PORT: "0", DATA_DIR: join(folder.path, "data") });
  const [, health = ""] = await started.whenWritten(/Health\s+(http:\S+)[\s\S]*Ctrl-C/);
  const group = health.replace("/healthz", "/v1/groups/door");

  expect(started.output()).toContain("OPEN MODE: everybody on this machine may do everything here, without a token.");
  expect(await statusOf(group, {})).toBe(200);
  expect(await statusOf(group, { Host: "localhost" })).toBe(200);
  expect(await statusOf(group, { Origin: "http://localhost:5173" })).toBe(200);
  for (const host of ["rebound.evil.example", "127.0.0.1.evil.example", "10.0.0.7:8787", "0.0.0.0"]) {
    expect([host, await statusOf(group, { Host: host })]).toEqual([host, 403]);
  }
  for (const origin of ["https://evil.example", "null", "http://localhost.evil.example"]) {
    expect([origin, await statusOf(group, { Origin: origin })]).toEqual([origin, 403]);
  }
  for (const header of ["X-Forwarded-For", "Forwarded", "CF-Connecting-IP"]) {
    expect([header, await statusOf(group, { [header]: "203.0.113.7" })]).toEqual([header, 403]);
  }
  started.child.kill("SIGTERM");
  await started.ended;
});

test.each(["cli/start.ts", "dist/cli/main.js"])(
  "%s with AUTH_SECRET requires tokens, and prints that",
  async (file) => {
    await using folder = await temporaryFolder();
    const AUTH_SECRET = "a secret of at least thirty-two characters";
    const parameters = file === "cli/start.ts" ? [] : ["dev"];
    const started = runNode(file, parameters, { PORT: "0", DATA_DIR: join(folder.path, "data"), AUTH_SECRET });
    const [, health = ""] = await started.whenWritten(/Health\s+(http:\S+)[\s\S]*Ctrl-C/);
    const group = health.replace("/healthz", "/v1/groups/door");

    expect(started.output()).toContain("only with a token that AUTH_SECRET has signed");
    expect(started.output()).not.toContain("OPEN MODE");
    expect(await statusOf(group, {})).toBe(401);
    const token = await createToken(
      { role: "observe", groups: ["door"], expiresInSeconds: 60 },
      AUTH_SECRET,
      Date.now(),
    );
    expect(await statusOf(group, { Authorization: `Bearer ${token}` })).toBe(200);
    started.child.kill("SIGTERM");
    await started.ended;
  },
);

test("a backend without settings refuses everything but its health", async () => {
  await using backend = await startLocalBackend({ bindings: {} });

  expect(await statusOf(`${backend.url}/healthz`, {})).toBe(200);
  expect(await statusOf(`${backend.url}/v1/groups/door`, {})).toBe(401);
  expect(await statusOf(`${backend.url}/v1/groups/door/metrics`, { Authorization: "Bearer x" })).toBe(401);
});

test("CONNECT opens no way through the backend: the runtime refuses it before the Worker is asked, and goes on", async () => {
  await using backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } });
  for (const path of ["example.com:443", `127.0.0.1:${backend.port}`, "/v1/groups/door"]) {
    const asked = request({ port: backend.port, host: "127.0.0.1", method: "CONNECT", path }).end();
    const [answer] = await once(asked, "connect");
    expect([path, answer.statusCode]).toEqual([path, 500]);
  }
  expect(await statusOf(`${backend.url}/healthz`, {})).toBe(200);
});

test("the deployed bundle has no open mode in it", async () => {
  const configuration = await readFile(new URL("../../wrangler.toml", import.meta.url), "utf8");
  expect(configuration).not.toMatch(/OPEN_MODE|^\[vars\]/m);
  expect(configuration).toContain('name = "UPGRADE_LIMITER"');
});
