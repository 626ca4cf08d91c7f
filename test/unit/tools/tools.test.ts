import { mkdir, readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parseRuntimeSettings } from "../../../cli/backend/worker-bundle.ts";
import { startSettings } from "../../../cli/start-settings.ts";
import { engineProblems, fits } from "../../../tools/engines.ts";
import { dashboardSizeProblems, filesOf } from "../../../tools/page-size.ts";
import { inRepository } from "../../../tools/paths.ts";
import { countsOf } from "../../../tools/reports.ts";
import { entryComments, roomProblems } from "../../../tools/rooms.ts";
import { compareRuleIds, listedRuleIds, ruleIdsShownIn } from "../../../tools/rule-ids.ts";
import { bundleClients, clientBundleProblems, globalsTouchedBy } from "../../../tools/size.ts";

test("rule ids: only the beginnings of the names of tests that run count", async () => {
  const folder = ".tsbuild/planted-tests";
  await mkdir(inRepository(folder), { recursive: true });
  await writeFile(
    inRepository(`${folder}/planted.ts`),
    `// test("[S9] in a comment")
    describe("[S1] a suite", () => {
      test("[S2] [G4] a test [G5]", () => { const text = \`\${a ? \`\${b}\` : "}"} it("[S8] inside")\`; note("[S3] no"); });
      test.each([["a", { b: [1] }]])("[C1] %s", () => {});
      it.skip("[C2] skipped", work);
      test.concurrent(\`[C3] \${name}\`, () => /["'\`]/.test(a));
      test.todo("[C5] to be written");
      test("[C4] the last one");
    });
    describe.skip("[C6] a suite that is skipped", () => test("[C7] and what is in it", work));`,
  );

  const shown = await ruleIdsShownIn(folder);
  expect([...shown.keys()].sort()).toEqual(["C1", "C3", "C4", "G4", "S1", "S2"]);
  expect(shown.get("S2")).toBe(`${folder}/planted.ts`);
});

test("rule ids: the list and the tests are compared both ways", () => {
  const listed = listedRuleIds("# Rules\n\n- **S1** one\n- **S2** two\n- **S13** not promised\n- **S4**\n");

  expect(listed).toEqual(["S1", "S2", "S13"]);
  expect(
    compareRuleIds(
      listed,
      new Map([
        ["S1", "a.ts"],
        ["S2", "a.ts"],
      ]),
    ),
  ).toEqual([]);
  expect(
    compareRuleIds(
      listed,
      new Map([
        ["S1", "a.ts"],
        ["Z1", "b.ts"],
      ]),
    ),
  ).toEqual(["1 rules without a test that names them: S2", "[Z1] in b.ts is not in docs/RULES.md"]);
});

test("rule ids: the project's list holds every family from 1 on, without a gap", async () => {
  const listed = listedRuleIds(await readFile(inRepository("docs/RULES.md"), "utf8"));
  const families = Map.groupBy(listed, (id) => id.replace(/\d+$/, ""));
  const expected = Array.from(families, ([family, ids]) => ids.map((_, index) => `${family}${index + 1}`)).flat();

  expect(listed).toEqual(expected);
});

test("engines: a range of Node is read as npm reads it", () => {
  const node = [22, 13, 0] as const;
  for (const range of [
    "*",
    ">=22",
    ">= 22.13.0",
    "^20.19.0 || ^22.13.0 || >=23.5.0",
    "22.*",
    "20 || >=22",
    "10.* || >= 12.*",
  ])
    expect([range, fits(node, range)]).toEqual([range, true]);
  for (const range of [">=22.13.1", "^22.17.0 || >=24.0.0", "^20.9.0", "24", ">=24"])
    expect([range, fits(node, range)]).toEqual([range, false]);
  expect(() => fits(node, "<23")).toThrow("extend tools/engines.ts");
});

test("engines: everything that is installed runs on the Node that README and package.json name", async () => {
  expect(await engineProblems()).toEqual([]);
});

test("client size: a global that a script merely asks for at import is noticed", () => {
  expect(globalsTouchedBy("class Lost extends Error {} const open = () => new WebSocket(url); new Map();")).toEqual([]);
  expect(globalsTouchedBy("typeof WebSocket")).toEqual(["WebSocket"]);
  expect(globalsTouchedBy("console.log(1)")).toEqual(["console"]);
  expect(globalsTouchedBy("null.x")[0]).toMatch(/TypeError/);
});

test("client size: each excess is named", () => {
  const entry = { file: "client/index.ts", limitBytes: 4_000, packages: [] };
  const fine = { entry, gzippedBytes: 4_000, externalImports: [], touchedGlobals: [] };
  expect(clientBundleProblems(fine)).toEqual([]);
  expect(
    clientBundleProblems({
      entry,
      gzippedBytes: 4_001,
      externalImports: ["ws"],
      touchedGlobals: ["fetch"],
    }),
  ).toEqual([
    "client/index.ts is 4001 bytes gzipped, 1 over the limit of 4000",
    "client/index.ts imports ws",
    "importing client/index.ts touches fetch",
  ]);
});

test("dashboard size: every file that the page names counts, each once, and an excess is named", () => {
  const html = `<link href="/a/one.css"><img src="/b/two.svg"><img src="/b/two.svg"><script src="/a/three.js"></script>
    <a href="/">not a file</a><a href="/?group=a.b">nor this</a>`;
  expect(filesOf(html)).toEqual(["a/one.css", "b/two.svg", "a/three.js"]);
  expect(dashboardSizeProblems(72_000)).toEqual([]);
  expect(dashboardSizeProblems(72_001)).toEqual(["the dashboard is 72001 bytes gzipped, 1 over the limit of 72000"]);
});

test("client size: the whole client is one file, without what is called without a client", async () => {
  const [client, once] = await bundleClients();
  expect(client?.gzippedBytes).toBeGreaterThan(5_000);
  const names = Object.keys(await import("../../../client/index.ts"));
  expect(new Set([...(client?.entry.names ?? []), ...(once?.entry.names ?? [])])).toEqual(new Set(names));
});

test("rooms: one that holds too much, or whose entry is missing or says too little, is named", () => {
  const entry = "Entry of the room `a/b`. Tests import it. It never sleeps.";
  const room = (lines: number, entries: readonly string[] = [entry]) => ({ name: "a/b", lines, entries });
  const others = Array.from({ length: 3 }, () => room(25));

  expect(
    entryComments(
      "/**\n * What it is.\n *\n * Entry of the room `a/b`. Tests import\n * it. It never sleeps.\n */",
      "a/b",
    ),
  ).toEqual([entry]);
  expect(entryComments("/** Entry of the room `a/c`. */", "a/b")).toEqual([]);
  expect(roomProblems([room(25), ...others])).toEqual([]);
  expect(roomProblems([room(26), ...others])).toEqual([
    "a/b holds 26 % of the source: move a part to a room of its own",
  ]);
  expect(roomProblems([room(25, []), ...others])).toEqual([expect.stringContaining("a/b has no entry")]);
  expect(roomProblems([room(25, [entry, entry]), ...others])).toEqual(["a/b has 2 entries"]);
  expect(roomProblems([room(25, ["Entry of the room `a/b`."]), ...others])).toEqual([
    "the entry of a/b does not say who imports it",
    "the entry of a/b does not say what it never does",
  ]);
});

test("reports: a file of tests that could not be loaded counts as a failure", () => {
  expect(countsOf({ numPassedTests: 3, numFailedTests: 0, success: true })).toEqual({ passed: 3, failed: 0 });
  expect(countsOf({ numPassedTests: 3, numFailedTests: 0, success: false })).toEqual({ passed: 3, failed: 1 });
  expect(() => countsOf({})).toThrow("no numbers");
});

test("npm start: settings are checked, with the remedy in the message", () => {
  expect(startSettings({})).toEqual({
    port: 8787,
    dataDir: ".data",
    bindings: { OPEN_MODE: "loopback", LOG_LEVEL: "error" },
    summary: "defaults",
  });
  expect(startSettings({ PORT: "0", LEASE_MS: "2000", DRAIN_MS: "0", DATA_DIR: "/d", LOG_LEVEL: "info" })).toEqual({
    port: 0,
    dataDir: "/d",
    bindings: { OPEN_MODE: "loopback", LOG_LEVEL: "info", LEASE_MS: "2000", DRAIN_MS: "0" },
    summary: "LEASE_MS=2000 DRAIN_MS=0",
  });
});

test("npm start passes the keys of fence tokens on, and does not print them", () => {
  const { bindings, summary } = startSettings({ FENCE_SECRET: "secret", FENCE_PRIVATE_KEY: "" });
  expect(bindings).toEqual({ OPEN_MODE: "loopback", LOG_LEVEL: "error", FENCE_SECRET: "secret" });
  expect(summary).toBe("defaults");
});

test("npm start requires tokens if AUTH_SECRET is set, and passes every other setting of the Worker on", () => {
  const texts = {
    AUTH_SECRET: "a secret of at least thirty-two characters",
    AUTH_SECRET_PREVIOUS: "another of at least thirty-two characters",
    AUTH_ISSUER: "issuer",
    AUTH_AUDIENCE: "audience",
    ALLOWED_ORIGINS: "https://shop.example",
    LIMITS: '{"sessions": 5}',
    HORIZON_AHEAD_MS: "5000",
  };
  const { bindings, summary } = startSettings({ ...texts, OPEN_MODE: "" });
  expect(bindings).toEqual({ LOG_LEVEL: "error", ...texts });
  expect(summary).toBe("HORIZON_AHEAD_MS=5000");
});

test.each([
  [{ AUTH_JWKS_URL: "https://provider.example" }, "AUTH_JWKS_URL is set, but a local backend calls nobody"],
  [{ AUTH_ISSUER: "issuer" }, "AUTH_ISSUER is set without AUTH_SECRET"],
  [{ AUTH_SECRET_PREVIOUS: "previous" }, "AUTH_SECRET_PREVIOUS is set without AUTH_SECRET"],
  [{ AUTH_SECRET: "short" }, "AUTH_SECRET must have at least 32 characters"],
  [
    { AUTH_SECRET: "x".repeat(32), OPEN_MODE: "loopback" },
    "OPEN_MODE and AUTH_SECRET are both set: leave OPEN_MODE out",
  ],
])("npm start refuses %o, which it could not keep", (environment, message) => {
  expect(() => startSettings(environment)).toThrow(message);
});

test("npm start refuses a level of the log that there is not", () => {
  expect(() => startSettings({ LOG_LEVEL: "loud" })).toThrow(
    'LOG_LEVEL is "loud": set it to one of silent, error, info, debug, or leave it out.',
  );
});

test.each([
  { PORT: "65536" },
  { PORT: "-1" },
  { PORT: "8787a" },
  { LEASE_MS: "1999" },
  { LEASE_MS: "1e4" },
  { DRAIN_MS: "0.5" },
  { PREEMPT_COOLDOWN_MS: "-1" },
])("npm start refuses %o", (environment) => {
  expect(() => startSettings(environment)).toThrow(/set it to a whole number from \d+ to \d+, or leave it out/);
});

test("the local backend takes its compatibility settings from wrangler.toml", async () => {
  const settings = parseRuntimeSettings(await readFile(inRepository("wrangler.toml"), "utf8"));

  expect(settings.compatibilityDate).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  const withFlags = 'compatibility_date = "2026-11-02"\ncompatibility_flags = ["a", "b"]\n';
  expect(parseRuntimeSettings(withFlags).compatibilityFlags).toEqual(["a", "b"]);
  expect(() => parseRuntimeSettings('name = "x"')).toThrow("compatibility_date");
});
