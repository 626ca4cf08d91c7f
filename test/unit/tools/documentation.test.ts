/** The checks of the documentation find what is wrong: each is given a page with that fault. */
import { readFile, stat } from "node:fs/promises";
import { slug } from "github-slugger";
import { expect, test } from "vitest";
import { benchTables } from "../../../tools/docs/bench-tables.ts";
import { besideIn, besideResults } from "../../../tools/docs/beside-table.ts";
import { commandProblems } from "../../../tools/docs/commands.ts";
import { byUse, type ExportedSymbol } from "../../../tools/docs/declarations.ts";
import { guaranteeProblems } from "../../../tools/docs/guarantees.ts";
import { kindOf } from "../../../tools/docs/kinds.ts";
import { linkProblems } from "../../../tools/docs/links.ts";
import { type CodeBlock, parsePage } from "../../../tools/docs/markdown.ts";
import { benchRows, measuredProblems, unmeasuredProblems, withMeasured } from "../../../tools/docs/measured.ts";
import { parseProblems } from "../../../tools/docs/parse-blocks.ts";
import { missingForNode, undocumentedIn } from "../../../tools/docs/reference.ts";
import { securityProblems } from "../../../tools/docs/security.ts";
import { inRepository } from "../../../tools/paths.ts";

const fenced = (info: string, code = "", before = ""): string => `${before}\n\`\`\`${info}\n${code}\n\`\`\`\n`;

function block(info: string, code = "", before = ""): CodeBlock {
  const [only] = parsePage("docs/PAGE.md", fenced(info, code, before)).blocks;
  if (!only) throw new Error("no block");
  return only;
}

const kind = (info: string, path = "docs/PAGE.md") => kindOf(block(info), path);

test("pages: headings, links and blocks are found where a reader sees them", () => {
  const page = parsePage(
    "docs/PAGE.md",
    [
      "# A `b` and C!",
      "[one](OTHER.md#x) `[no](code.md)` ![two](a.svg)",
      "<!-- [no](hidden.md) -->",
      "## A b and c",
      '<a id="by-hand"></a>',
      fenced("ts run", "# no heading\n[no](inside.md)"),
      "[three]: THREE.md",
    ].join("\n"),
  );

  expect([...page.anchors]).toEqual(["a-b-and-c", "a-b-and-c-1", "by-hand"]);
  expect(page.links).toEqual([
    { line: 2, target: "OTHER.md#x" },
    { line: 2, target: "a.svg" },
    { line: 12, target: "THREE.md" },
  ]);
  expect(page.blocks).toMatchObject([
    { line: 7, language: "ts", words: ["run"], code: "# no heading\n[no](inside.md)" },
  ]);
});

test("pages: the part of a program that a page leaves out stands in the comment right above it", () => {
  expect(block("ts node", "use(x);", "<!-- with:\ndeclare const x: number;\n-->\n").preamble).toBe(
    "declare const x: number;",
  );
  expect(block("ts node", "use(x);", "<!-- with: a -->\n\nText.\n").preamble).toBe("");
});

test("links: missing files, anchors and orphans are named with their line", () => {
  const pages = [
    parsePage("README.md", "# Top\n[a](docs/A.md#part) [b](docs/B.md) [c](docs/A.md#nowhere) [d](../out.md) [e](#top)"),
    parsePage("docs/A.md", "## Part\n[up](../README.md#top) [web](https://example.com/#x)"),
    parsePage("docs/C.md", "[itself](C.md)"),
  ];

  expect(linkProblems(pages, (path) => pages.some((page) => page.path === path))).toEqual([
    "README.md:2 links to docs/B.md: there is no such file",
    "README.md:2 links to docs/A.md#nowhere: docs/A.md has no heading with that anchor",
    "README.md:2 links to ../out.md: that is outside of the repository",
    "no page links to docs/C.md",
  ]);
});

test("blocks: each is of a kind that something checks, or the check fails", () => {
  expect(kind('ts run until="leads"')).toMatchObject({ environment: "node", run: { until: "leads" } });
  expect(kind("ts run")).toMatchObject({ run: { ends: true } });
  expect(kind("tsx browser")).toMatchObject({ environment: "browser", run: null });
  expect(kind('ts worker get="/healthz"')).toMatchObject({ environment: "worker", get: "/healthz" });
  expect(kind("sh run")).toEqual({ how: "commands", run: true });
  expect(kind("ts api", "docs/api/edge-election.md")).toEqual({ how: "generated" });
  expect(kind('html until="leads"')).toEqual({ how: "opened", until: "leads" });
  expect(kind('cjs run until="leads"')).toMatchObject({ environment: "node", run: { until: "leads" } });
  for (const info of ["", "ts", "js", "js later", "python", "html", "ts run later", "sh runs", "ts api", "json5"]) {
    expect(() => kind(info), info).toThrow(/nothing checks/);
  }
});

test("blocks: commands must exist, and so must the options of this project's own", () => {
  const known = { scripts: new Set(["demo"]), commandLine: new Map([["run", "--group <name>"]]) };
  const problems = (code: string) => commandProblems(block("sh", code), known);

  expect(problems('A=1 npm ci && npm start  # starts\nnpm run demo | cat\ncurl -s "http://a/?b=c&d" ; cd x')).toEqual(
    [],
  );
  expect(problems("npx edge-election run \\\n  --group a -- ./job --anything")).toEqual([]);
  expect(problems("npm run demos")).toEqual(["package.json has no script demos"]);
  expect(problems("edge-election run --grup a")).toEqual(["edge-election run has no option --grup"]);
  expect(problems("npx edge-election walk && yarn add x")).toEqual([
    "edge-election has no command walk",
    "unknown command yarn",
  ]);
});

test.each([
  ["json", '{"a": 1}', '{"a": 1,}'],
  ["sql", "UPDATE t SET a = :a WHERE a <= :a; -- fine", "UPDATE t SET b = 1"],
  ["mermaid", 'flowchart LR\n  a["x"] --> b', "flowchart LR\n  subgraph one\n  a --> b"],
  ["toml", 'name = "a"\nmain = "index.ts"', 'name = "a'],
  ["yaml", "a: [1, { b: 2 }]", "a: [1"],
  [
    "ini",
    "[Service]\nExecStart=/usr/bin/node main.js\n\n[Install]\nWantedBy=multi-user.target",
    "[Service]\nExecStart /usr/bin/node",
  ],
] as const)("blocks: %s is read by what reads it", async (as, good, bad) => {
  const problems = (code: string) => parseProblems(block(as, code, "<!-- with:\nCREATE TABLE t (a);\n-->\n"), as);

  expect(await problems(good)).toEqual([]);
  expect(await problems(bad)).toHaveLength(1);
});

test("numbers: every quoted number was measured, and no other is quoted", () => {
  const measured = new Map([
    ["size a", "3.9 kB"],
    ...benchRows([{ row: "hand-over", n: 200, p50: 12.3, ratio: 1.5, reference: "F0", later: 1_500, note: "so so" }]),
  ]);
  const page =
    "It is <!-- measured: size a -->4 kB<!-- / --> and <!-- measured: bench hand-over p50 -->9 ms<!-- / -->.";

  expect(measuredProblems("README.md", page, measured)).toEqual([
    'README.md says "4 kB" of size a, and it is "3.9 kB": npm run docs',
    'README.md says "9 ms" of bench hand-over p50, and it is "12 ms": npm run docs',
  ]);
  const fresh = withMeasured(page, measured);
  expect(fresh).toContain(">3.9 kB<");
  expect(measuredProblems("README.md", fresh, measured)).toEqual([]);
  expect(measuredProblems("README.md", "<!-- measured: luck -->7<!-- / -->", measured)).toHaveLength(1);
  const words = '<!-- measured: bench hand-over p50, as " (% here)" --><!-- / -->';
  expect(withMeasured(words, measured)).toContain("--> (12 ms here)<");
  expect(measuredProblems("README.md", words, new Map())).toEqual([]);
  expect(measuredProblems("README.md", withMeasured(words, measured), new Map())).toHaveLength(1);
  expect(measured.get("bench hand-over later")).toBe("1.50 s");
  expect(measured.get("bench hand-over note")).toBe("so so");
  expect(unmeasuredProblems("README.md", `${fresh} \`5 ms\` 40 kB`)).toEqual([
    "README.md quotes 40 kB without a measurement",
  ]);
});

test("tables: the committed result of a bench is shown row by row, peers, costs and plans by themselves", () => {
  const numbers = { n: 5, p50: 1.2345, p95: 22, p99: 333.3, max: 4_444, load: 0.51, unit: "ms" };
  const peer = { ...numbers, reference: { name: "ours", value: 0.6 }, verdict: "met" };
  const measured = new Map(
    benchTables([
      {
        ...numbers,
        row: "join",
        name: "join | lead",
        ratio: 1.1,
        reference: { name: "F1", value: 1 },
        target: "ratio <= 1.5",
      },
      { ...peer, row: "peer-a", name: "hand-over, A", ratio: 2, note: "ours is faster, by a factor of 2.00" },
      { ...peer, row: "peer-b", name: "hand-over, B", ratio: 0.5, note: "ours is slower, by a factor of 2.00" },
      { ...numbers, row: "cost-idle", name: "cost: idle", unit: "$ a month", note: "rows 0.000" },
      { ...numbers, row: "plan-free", name: "free plan", unit: "groups", note: "rows run out first" },
      { row: "of another version" },
    ]),
  );

  const page = withMeasured("<!-- measured: bench table of rows --><!-- / -->", measured);
  expect(page.split("\n").filter((line) => line.startsWith("|"))).toEqual([
    "| row          | p50; p99     | p50 against | target       |",
    "| ------------ | ------------ | ----------- | ------------ |",
    "| join \\| lead | 1.23; 333 ms | 1.10 × F1   | ratio <= 1.5 |",
  ]);
  expect(measured.get("bench table of peers")).toContain(
    "| A    | 1.23; 0.6 ms             | faster, 2.00 × | met    |",
  );
  expect(measured.get("bench table of costs")).toContain("| idle  | 1.234     |");
  expect(measured.get("bench table of plans")).toContain("| free plan | 1.23 groups | rows run out first |");
  expect(measuredProblems("a.md", page, measured)).toEqual([]);
  expect(measuredProblems("a.md", page.replace("333", "334"), measured)).toEqual([
    "a.md has an old bench table of rows: npm run docs",
  ]);
});

test("reference: an export without a doc comment is named, once for all entry points", () => {
  const silent = {
    name: "Mute",
    kind: "type",
    documentation: "",
    declaration: "",
    inherited: [],
    file: "a.d.ts",
  } as const;
  const told = { ...silent, name: "Told", documentation: "Says something." };

  expect(undocumentedIn([{ specifier: "p", summary: "What it is.", symbols: [told] }])).toEqual([]);
  expect(
    undocumentedIn([
      { specifier: "p", summary: "What it is.", symbols: [told, silent] },
      { specifier: "p/q", summary: "", symbols: [silent] },
    ]),
  ).toEqual(["p/q does not say what it is for: begin its module with a doc comment", "Mute has no doc comment (a.ts)"]);
});

test("reference: whatever the main entry point exports, the one for Node exports, too", () => {
  const entry = (specifier: string, ...names: string[]) => {
    const about = { kind: "type", documentation: "", declaration: "", inherited: [], file: "a.d.ts" } as const;
    return { specifier, summary: "", symbols: names.map((name) => ({ name, ...about })) };
  };
  expect(
    missingForNode([
      entry("edge-election", "Both", "Main"),
      entry("edge-election/node", "Both", "Node"),
      entry("edge-election/react", "Main"),
    ]),
  ).toEqual(["edge-election/node lacks Main, which edge-election exports: export it there, too"]);
});

test("reference: each function is followed by the types that it names, and by those that they name", () => {
  const symbol = (name: string, kind: ExportedSymbol["kind"], declaration: string): ExportedSymbol => {
    return { name, kind, declaration, documentation: "", inherited: [], file: "a.d.ts" };
  };
  const symbols = [
    symbol("Alone", "class", "class Alone {}"),
    symbol("Client", "interface", "interface Client { take(): Deep } /* Alone */"),
    symbol("Deep", "type", "type Deep = Client | null"),
    symbol("Options", "interface", "interface Options {}"),
    symbol("create", "function", "function create(options: Options): Client"),
    symbol("help", "function", "function help(options: Options): void"),
  ];

  expect(byUse(symbols).map(({ name }) => name)).toEqual(["create", "Options", "Client", "Deep", "help", "Alone"]);
});

test("README: a reader sees code before anything else", async () => {
  const text = await readFile(inRepository("README.md"), "utf8");
  expect(text.slice(0, 600)).toMatch(/^# .*\n\n.*\n\n```ts run[\s\S]*\n```\n/);
  const pictures = [...text.matchAll(/src(?:set)?="([^"]+)"/g)].map(([, path = ""]) => path);
  for (const path of pictures) expect((await stat(inRepository(path))).size).toBeLessThan(100_000);
  expect(pictures).toHaveLength(2);
});

const BY_PERSON = ["CONCEPTS", "NODE", "FRONT-END", "WORKERS", "DEPLOYMENT", "OPERATIONS", "TROUBLESHOOTING"];

test.each(BY_PERSON)("README: every section of docs/%s.md is two clicks away", async (name) => {
  const text = await readFile(inRepository(`docs/${name}.md`), "utf8");
  const page = parsePage(`docs/${name}.md`, text);
  const readme = parsePage("README.md", await readFile(inRepository("README.md"), "utf8"));
  expect(readme.links.map(({ target }) => target)).toContain(page.path);
  const targets = new Set(page.links.map(({ target }) => target));
  const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading);
  expect(sections.filter((heading) => heading !== "Next" && !targets.has(`#${slug(heading)}`))).toEqual([]);
});

/** What five kinds of users ask first: by README's link, and then by one on the page that it leads to. */
const QUESTIONS = [
  ["Can there be two leaders?", "GUARANTEES.md", "#assumptions"],
  ["Why does nobody lead for ten seconds after a crash?", "docs/CONCEPTS.md", "#a-crash"],
  ["Do I need a leader, a job that runs once, or a fence?", "docs/README.md", "ONCE.md#which-one-do-i-need"],
  ["What does it cost?", "docs/DEPLOYMENT.md#what-it-costs", "performance.md#what-it-costs"],
  ["How does a container stop without a gap?", "docs/NODE.md", "#docker-and-pid-1"],
  ["When does a readiness probe fail?", "docs/NODE.md", "#health"],
  ["How do other services find the leader's address?", "docs/NODE.md", "#observe"],
  ["What is wrong when the client says connection_failed?", "docs/TROUBLESHOOTING.md", "#the-client-cant-connect"],
  ["What becomes of a tab that is frozen or closed?", "docs/FRONT-END.md", "#what-happens-to-a-leading-tab"],
  ["Does it work with Next.js?", "docs/FRONT-END.md", "#nextjs"],
  ["Where does a page get its token?", "docs/FRONT-END.md", "DEPLOYMENT.md#3-configure-who-may-connect"],
  ["What has the content security policy to allow?", "docs/FRONT-END.md", "#origins-and-the-content-security-policy"],
  ["Which flags does my Worker need?", "docs/WORKERS.md", "#configuration-and-flags"],
  ["How does a cron job run in one place only?", "docs/WORKERS.md", "#a-job-that-runs-once-runifleader"],
  ["Is isLeader right after a long computation?", "docs/WORKERS.md", "#clocks-stand-still-while-code-runs"],
  ["How do I test my Worker in workerd?", "docs/TESTING.md", "#inside-workerd"],
  ["What do I alert on?", "docs/OPERATIONS.md", "#alerts-worth-having"],
  ["How do I move the lead to another process?", "docs/OPERATIONS.md", "#transfer-to-a-chosen-process"],
  ["What do clients see of a deployment?", "docs/DEPLOYMENT.md", "#updates-and-what-clients-see-of-them"],
  ["What happens when the disk is full?", "docs/DEPLOYMENT.md", "#a-full-disk"],
] as const;

test.each(QUESTIONS)("README: two clicks answer: %s", async (_, first, second) => {
  const targetsOf = async (path: string) =>
    parsePage(path, await readFile(inRepository(path), "utf8")).links.map(({ target }) => target);
  expect(await targetsOf("README.md")).toContain(first);
  expect(await targetsOf(first.replace(/#.*/, ""))).toContain(second);
});

test("guarantees: each row names rules that there are, and each family is named to its end", () => {
  const rules = "- **S1** one\n- **S2** two\n- **N1** three\n";
  const table = (rows: string): string => `| about | rules |\n| --- | --- |\n${rows}`;

  expect(guaranteeProblems(table("| a | S1-S2 |\n| b | N1 |"), rules)).toEqual([]);
  expect(guaranteeProblems(table("| a | S1 |\n| b | |\n| c | S9, N1 |"), rules)).toEqual([
    "no rule shows: b",
    'S9, of "c", is not in docs/RULES.md',
    "families of rules whose end GUARANTEES.md does not name: S2",
  ]);
  expect(guaranteeProblems("text", rules)[0]).toMatch(/promises nothing/);
});

test("security: every claim names a test that there is, or a rule", () => {
  const rules = "- **S1** one sentence\n";
  const tests = ["test/unit/group/limits.test.ts", "test/e2e/files.test.ts"];
  const page = (claim: string): string =>
    [
      "# Security",
      "No claim.",
      "## What is defended",
      claim,
      ...[
        "Attacks, before and now",
        "What is not defended",
        "Checklist for a deployment",
        "An identity system of your own",
      ].map((title) => `## ${title}\n\nTrue [S1].\n`),
    ].join("\n");
  const problems = (claim: string) => securityProblems(page(claim), rules, tests);

  expect(problems("A [S1].\n\n- b\n  c (`e2e/files`)\n- d (`unit/group`)\n\n```ts\ncode\n```")).toEqual([]);
  expect(
    problems("| a | shown in |\n| - | - |\n| b | `e2e/files` |\n\n<!-- measured: x -->\n\n| c |\n\n<!-- / -->"),
  ).toEqual([]);
  expect(problems("A.\n\n- b\n  c\n- d [S2]\n1. `e2e/gone`")).toEqual([
    "SECURITY.md:4 names no test and no rule: A.",
    "SECURITY.md:6 names no test and no rule: - b c",
    "SECURITY.md:8 names what there is not: S2",
    "SECURITY.md:9 names what there is not: e2e/gone",
  ]);
  expect(problems("| a | shown in |\n| - | - |\n| b | nothing |")).toEqual([
    "SECURITY.md:6 names no test and no rule: | b | nothing |",
  ]);
  expect(securityProblems("# Security", rules, tests)[0]).toContain("was not found");
});

test("tables: what an abuse has cost whom is a line, and each of its numbers can be quoted", () => {
  const leader = { lost: 0, blips: 0, worstMs: 12, leastLeftMs: 5_000 };
  const result = {
    abuse: "joins",
    name: "peers join",
    seconds: 60,
    load: 0.5,
    sent: { frames: 1_200, requests: 0, sockets: 7 },
    cpuPercent: 40,
    cpuMsEach: 0.5,
    rows: 1_234,
    leaders: { abused: leader, neighbour: { ...leader, worstMs: 1_500 } },
    newcomers: { came: 30, refused: 2, medianMs: 8 },
    memoryMb: { before: 60, peak: 90, after: 80 },
  };
  const measured = new Map(besideResults("beside", besideIn({ results: [result] })));

  expect(
    measured
      .get("beside table")
      ?.split("\n")
      .find((line) => line.includes("peers join")),
  ).toMatch(/7 sockets, 1,200 frames \| 0.5 ms \| 12 ms; 5.00 s +\| 1.50 s; .* 8 ms; 2 of 30 refused/);
  expect(measured.get("beside joins each")).toBe("0.5 ms");
  expect(measured.get("beside joins worst")).toBe("1.50 s");
  expect(besideIn(undefined)).toEqual([]);
});
