/** The command line out of the packed tarball, beside nothing but the packages that it declares. */
import { execFileSync } from "node:child_process";
import { mkdir, readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { recordedPath } from "../../tools/harness/recorder.ts";
import { runCommand, startCommand } from "../support/command-line.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** As `npm install` lays it out; resolves to the main module of the command line. */
async function installed(folder: string): Promise<{ readonly main: string; readonly version: string }> {
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const modules = join(folder, "node_modules");
  const home = join(modules, "edge-election");
  await mkdir(home, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, packed.trim()), "-C", home, "--strip-components=1"]);
  const manifest: Manifest = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  for (const name of [...Object.keys(manifest.dependencies), "workerd"]) {
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  }
  return { main: join(home, manifest.bin["edge-election"] ?? ""), version: manifest.version };
}

test("the packed command line starts a backend, and runs a command while leading", async () => {
  await using folder = await temporaryFolder();
  const { main, version } = await installed(folder.path);
  expect((await readFile(main, "utf8")).split("\n")[0]).toBe("#!/usr/bin/env node");
  expect((await stat(main)).isFile()).toBe(true);
  expect((await runCommand(["--version"], { main })).stdout).toBe(`${version}\n`);
  const dev = startCommand(["dev", "--port", "0", "--data-dir", join(folder.path, "data"), "--json"], { main });
  const [, port] = await dev.whenWritten(/"port":(\d+)/);
  await using path = await recordedPath(Number(port));
  const where = ["--url", path.url, "--group", "packed"];
  const run = await runCommand(["run", ...where, "--component", "a", "--", "sh", "-c", "echo leading; exit 4"], {
    main,
  });

  expect(run).toMatchObject({ code: 4, stdout: "leading\n" });
  expect((await runCommand(["history", ...where], { main })).stdout).toContain("closed");
  dev.child.kill("SIGTERM");
  expect((await dev.ended).code).toBe(0);
});
