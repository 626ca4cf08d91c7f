/** What a hostile backend, or a hostile process in a group, can make a command print. */
import { createServer } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createElectionClient } from "../../client/node/index.ts";
import { legible } from "../../shared/legible.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { type Listening, listen } from "../../tools/harness/loopback.ts";
import { endCommands, runCommand } from "../support/command-line.ts";

/** Clears the screen in two ways, begins a line, and turns the text that follows around. */
const HOSTILE = "x\u001b[2J\u009b2J\r\nedge-election: all is well\u2028\u202e\u2066";

const session = { sessionId: HOSTILE, process: HOSTILE };
const term = { ...session, election: HOSTILE, acceptedAt: 1, endedAt: 2, gapMs: 3, reason: HOSTILE, note: HOSTILE };
const election = {
  election: HOSTILE,
  state: HOSTILE,
  leader: { ...session, epoch: HOSTILE },
  remainingMs: 1,
  waiting: HOSTILE,
  candidates: [{ ...session, priority: HOSTILE, ready: false, components: [HOSTILE] }],
};
const answers: Readonly<Record<string, unknown>> = {
  "/v1/groups/g": {
    group: HOSTILE,
    epoch: HOSTILE,
    sessions: HOSTILE,
    paused: true,
    elections: [election],
    next: HOSTILE,
  },
  "/v1/groups/g/elections/process": election,
  "/v1/groups/g/history": { terms: [{ ...term, epoch: HOSTILE }] },
  "/v1/groups/g/elections/process/revoke": {
    from: HOSTILE,
    to: HOSTILE,
    epoch: HOSTILE,
    durationMs: 1,
    passedOver: HOSTILE,
  },
  "/v1/groups/g/pause": { paused: HOSTILE },
};

let hostile: Listening;
let backend: LocalBackend;
beforeAll(async () => {
  backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } });
  hostile = await listen(
    createServer(({ url = "" }, response) => {
      const answer = answers[url.split("?")[0] ?? ""];
      response.statusCode = answer === undefined ? 409 : 200;
      response.end(JSON.stringify(answer ?? { error: { code: HOSTILE, message: HOSTILE } }));
    }),
  );
});
afterAll(endCommands);
afterAll(async () => {
  await hostile[Symbol.asyncDispose]();
  await backend.stop();
});

/** Without the ends of its lines. */
const invisible = (text: string): boolean => text.split("\n").some((line) => line !== legible(line));

test.each([
  ["status", "g"],
  ["history", "g"],
  ["revoke", "g"],
  ["revoke", "g", "--to", HOSTILE.slice(0, 3)],
  ["pause", "g"],
  ["watch", "other"],
  ["run", "other", "--component", "x", "--", "true"],
  ["bench-connection", "other"],
  ["status", "other"],
])(
  "%s %s: nothing that a hostile backend sends steers the terminal or begins a line",
  async (command, group, ...rest) => {
    const words = [command, "--group", group, "--url", hostile.url];
    for (const form of [[], ["--json"]]) {
      const { code, stdout, stderr } = await runCommand([...words, ...form, ...rest]);
      expect(stdout + stderr).not.toBe("");
      expect([code, invisible(stdout), invisible(stderr)]).toEqual([code, false, false]);
      expect(`\n${stdout}${stderr}`).not.toContain("\nedge-election: all is well");
      if (form.length > 0) for (const text of [stdout, stderr].filter((written) => written !== "")) JSON.parse(text);
    }
  },
);

test("names and addresses of processes are shown with their invisible characters written out", async () => {
  await using client = createElectionClient({
    url: backend.url,
    group: "hostile",
    process: { name: HOSTILE, address: HOSTILE },
    signals: false,
  });
  await using leadership = await client.acquire("x");
  await leadership.confirm();
  const where = ["--group", "hostile", "--url", backend.url];
  const watched = await runCommand(["watch", ...where, "--component", "x", "--changes", "1"]);
  expect(watched.stdout).toContain(`${legible(HOSTILE)} leads at ${legible(HOSTILE)}`);
  for (const command of ["status", "history"]) {
    const { stdout } = await runCommand([command, ...where]);
    expect(stdout).toContain(legible(HOSTILE));
    expect(invisible(stdout)).toBe(false);
    const json = (await runCommand([command, ...where, "--json"])).stdout;
    expect(invisible(json)).toBe(false);
    expect(JSON.stringify(JSON.parse(json))).toContain(JSON.stringify(HOSTILE));
  }
});

test.each([
  "http://me:secret@127.0.0.1:1",
  "http://secret@127.0.0.1:1",
  "http://me:secret@127.0.0.1:port",
  "http://127.0.0.1:1/?token=secret",
  "http://127.0.0.1:1/#secret",
])("a secret in the address (%s) is refused, and printed nowhere", async (url) => {
  for (const form of [[], ["--json"]]) {
    for (const setting of [{ words: ["--url", url] }, { words: [], environment: { EDGE_ELECTION_URL: url } }]) {
      const { words, environment = {} } = setting;
      const ended = await runCommand(["status", "--group", "g", ...words, ...form], { environment });
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain("EDGE_ELECTION_TOKEN");
      expect(ended.stdout + ended.stderr).not.toContain("secret");
    }
  }
});
