/**
 * `npm run versions`: a Worker of this version with objects of another commit or tag, the reverse, and one folder of data
 * under both in turn, with real clients of both. Ends with exit code 1 where something does not work.
 */
import { scriptNamed } from "../../tools/arguments.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { editedVersion, versionAt } from "../../tools/harness/versions.ts";
import { everythingWorks, inTurn } from "../support/versions.ts";

const { other: commit } = scriptNamed(
  "npm run versions",
  "Runs this version and another one beside each other, as a deferred or gradual deployment does.",
)
  .requiredOption("--other <commit>", "a commit or tag of this repository")
  .parse()
  .opts<{ other: string }>();

await using presentFolder = await temporaryFolder();
await using otherFolder = await temporaryFolder();
const present = await editedVersion("this version", [], presentFolder.path);
const other = await versionAt(commit, otherFolder.path);
const [both, neither] = [
  { worker: present, object: present },
  { worker: other, object: other },
];
const runs: readonly (readonly [what: string, run: () => Promise<void>])[] = [
  ["this Worker, objects of the other", () => everythingWorks({ worker: present, object: other })],
  ["Worker of the other, these objects", () => everythingWorks({ worker: other, object: present })],
  ["one folder: the other, this one, the other", () => inTurn(neither, both, neither)],
  ["one folder: this one, the other, this one", () => inTurn(both, neither, both)],
];
for (const [what, run] of runs) {
  const problem = await run().then(
    () => null,
    (error: unknown) => String(error),
  );
  process.stdout.write(`${problem === null ? "ok  " : "FAIL"} ${what}${problem === null ? "" : `: ${problem}`}\n`);
  if (problem !== null) process.exitCode = 1;
}
