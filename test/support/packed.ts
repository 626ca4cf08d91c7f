/** The package as npm would publish it, installed into a project of its own. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "../../tools/harness/folder.ts";

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface PackedProject extends AsyncDisposable {
  readonly path: string;
  /** Makes another package of this checkout available to it, as an installation would. */
  install(name: string): Promise<void>;
  /** Runs a module in it; resolves with what it wrote, rejects when it fails. Its temporary files stay in it. */
  run(source: string): Promise<string>;
  /** What its modules have left among their temporary files. */
  leftovers(): Promise<string[]>;
}

/** Packed once in a process: that takes longer than most tests of it. */
let archive: Promise<Buffer> | undefined;

async function pack(): Promise<Buffer> {
  await using folder = await temporaryFolder();
  const packing = ["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder.path];
  const { stdout } = await execute("npm", packing, { cwd: ROOT });
  return readFile(join(folder.path, stdout.trim().split("\n").at(-1) ?? ""));
}

export async function packedProject(): Promise<PackedProject> {
  archive ??= pack();
  const packed = await archive;
  const folder = await temporaryFolder();
  const modules = join(folder.path, "node_modules");
  const home = join(modules, "edge-election");
  const temporary = join(folder.path, "tmp");
  await mkdir(home, { recursive: true });
  await mkdir(temporary);
  const file = join(folder.path, "package.tgz");
  await writeFile(file, packed);
  await execute("tar", ["-xzf", file, "-C", home, "--strip-components=1"]);
  await writeFile(join(folder.path, "package.json"), '{ "type": "module" }');
  return {
    path: folder.path,
    install: (name) => symlink(join(ROOT, "node_modules", name), join(modules, name)),
    async run(source) {
      const file = join(folder.path, "main.js");
      await writeFile(file, source);
      const environment = { ...process.env, TMPDIR: temporary };
      return (await execute(process.execPath, [file], { cwd: folder.path, env: environment })).stdout;
    },
    leftovers: () => readdir(temporary),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
