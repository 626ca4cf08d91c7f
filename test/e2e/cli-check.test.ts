/** `edge-election check`, and the traces that `dev` records, as real processes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { importNodeClient } from "../../tools/harness/built.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { endCommands, runCommand, startCommand } from "../support/command-line.ts";

const { createElectionClient } = await importNodeClient();

afterEach(endCommands);

const HEADER = { kind: "trace", version: 1, seen: "path" };
const opened = { kind: "open", at: 1, connection: "1", group: "a" };
const sent = (frame: unknown) => ({ kind: "up", at: 2, connection: "1", frame });
const textOf = (...lines: readonly object[]): string => lines.map((line) => JSON.stringify(line)).join("\n");

test("[E23] check names the line, the rule and what would be right, and ends with 5", async () => {
  const trace = textOf(
    HEADER,
    opened,
    sent({ type: "hello", sentAt: 1 }),
    sent({ type: "renew", sentAt: 1, held: [] }),
  );
  const verdict = await runCommand(["check", "-"], { input: trace });
  expect(verdict).toMatchObject({ code: 5, stderr: "" });
  expect(verdict.stdout).toContain("line 4, connection 1: [S7] `sentAt` 1 follows 1\n    right: it strictly increases");
  const { stdout } = await runCommand(["check", "-", "--json"], { input: trace });
  expect(JSON.parse(stdout)).toMatchObject({ frames: 2, connections: 1, findings: [{ line: 4, rule: "S7" }] });
});

test("[E23] what is no trace is refused as such", async () => {
  await using folder = await temporaryFolder();
  expect(await runCommand(["check", join(folder.path, "nothing")])).toMatchObject({ code: 2, stdout: "" });
  for (const text of ["", "{}", textOf(HEADER, { kind: "up" }), `${textOf(HEADER)}\nnothing`]) {
    const refused = await runCommand(["check", "-"], { input: text });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("this is no trace: ");
  }
  expect((await runCommand(["dev", "--trace", folder.path])).stderr).toContain("--trace: ");
});

test("[E23] the trace that dev records of the shipped client is accepted", async () => {
  await using folder = await temporaryFolder();
  const trace = join(folder.path, "trace.jsonl");
  await writeFile(trace, "what was there before");
  const data = join(folder.path, "data");
  const dev = startCommand(["dev", "--port", "0", "--data-dir", data, "--trace", trace, "--json"]);
  await dev.whenWritten(/"url"/);
  const { url } = JSON.parse(dev.stdout());
  const client = createElectionClient({ url, group: "team/a", signals: false });
  await new Promise<void>((resolve) => {
    client.contend("printer", {
      async onGrant(leadership) {
        await leadership.confirm("pc:80");
        resolve();
      },
    });
  });
  await client.close();
  dev.child.kill("SIGTERM");
  await dev.ended;
  const { code, stdout } = await runCommand(["check", trace]);
  expect([code, stdout]).toEqual([0, expect.stringContaining("no rule is broken: ")]);
});
