/** The command line out of the packed tarball, beside nothing but the packages that it declares. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recordedPath } from "../../tools/harness/recorder.ts";
import { runCommand, startCommand } from "../support/command-line.ts";
import { packedProject } from "../support/packed.ts";

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

test("the packed command line starts a backend, and runs a command while leading", async () => {
  await using project = await packedProject();
  const home = join(project.path, "node_modules", "edge-election");
  const { bin, version, dependencies }: Manifest = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), "workerd"]) await project.install(name);
  const main = join(home, bin["edge-election"] ?? "");
  expect((await readFile(main, "utf8")).split("\n")[0]).toBe("#!/usr/bin/env node");
  expect((await stat(main)).isFile()).toBe(true);
  expect((await runCommand(["--version"], { main })).stdout).toBe(`${version}\n`);
  const dev = startCommand(["dev", "--port", "0", "--data-dir", join(project.path, "data"), "--json"], { main });
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
