import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { runCommand } from "../support/command-line.ts";

async function completed(words: readonly string[]): Promise<string[]> {
  const { code, stdout: script } = await runCommand(["completion", "bash"]);
  expect(code).toBe(0);
  const ask = `${script}
COMP_WORDS=(edge-election "$@"); COMP_CWORD=$#; _edge_election; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", ask, "bash", ...words], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

test("in bash commands, options and values are completed", async () => {
  expect(await completed([""])).toContain("bench-connection");
  expect(await completed(["st"])).toEqual(["status"]);
  expect(await completed(["re"])).toEqual(["revoke", "resume"]);
  expect(await completed(["run", "--g"])).toEqual(["--group", "--grace-ms"]);
  expect(await completed(["token", "--role", ""])).toEqual(["observe", "contend", "admin"]);
  expect(await completed(["completion", "f"])).toEqual(["fish"]);
});

test("after -- in bash the words of another command are completed", async () => {
  expect(await completed(["run", "--", "bas"])).toContain("bash");
});

test.each(["zsh", "fish"])("the script for %s names every command, option and value", async (shell) => {
  const { code, stdout } = await runCommand(["completion", shell]);

  expect(code).toBe(0);
  for (const word of ["bench-connection", "grace-ms", "token-file", "observe contend admin", "bash zsh fish"]) {
    expect(stdout).toContain(word);
  }
});

test("no other shell is known", async () => {
  const { code, stderr } = await runCommand(["completion", "tcsh"]);

  expect(code).toBe(2);
  expect(stderr).toContain("It has to be bash, zsh or fish.");
});
