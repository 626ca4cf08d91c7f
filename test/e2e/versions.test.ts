/** A Worker and objects of two versions, on the real runtime, and one folder of data under both in turn. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../cli/backend/free-port.ts";
import { bodyOf } from "../../tools/harness/backend-answers.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { editedVersion, serveSkewed, type Version } from "../../tools/harness/versions.ts";
import { earlier, incompatible, later } from "../support/version-edits.ts";
import { BINDINGS, everythingWorks, inTurn, refusesUntilAlike } from "../support/versions.ts";

const folders = new AsyncDisposableStack();
const built = new Map<string, Version>();
const versions = { present: [], earlier, later, incompatible };
const of = (name: keyof typeof versions): Version => {
  const version = built.get(name);
  if (version === undefined) throw new Error(`the version ${name} was not built`);
  return version;
};

beforeAll(async () => {
  for (const [name, edits] of Object.entries(versions)) {
    const { path } = folders.use(await temporaryFolder());
    built.set(name, await editedVersion(name, edits, path));
  }
});
afterAll(() => folders.disposeAsync());

describe.each(["earlier", "later"] as const)("beside the %s version", (name) => {
  test("[V1] a present Worker works with its objects", () =>
    everythingWorks({ worker: of("present"), object: of(name) }));

  test("[V1] its Worker works with present objects", () =>
    everythingWorks({ worker: of(name), object: of("present") }));

  test("[V1] [N5] a leader keeps its term while its group changes versions, there and back", () =>
    inTurn(
      { worker: of("present"), object: of("present") },
      { worker: of(name), object: of("present") },
      { worker: of(name), object: of(name) },
      { worker: of("present"), object: of("present") },
    ));
});

test("[V2] a Worker and an object that could misunderstand each other refuse, say so, and go on once they are alike", () =>
  refusesUntilAlike({ worker: of("present"), object: of("incompatible") }));

test("[V1] [V2] an older object keeps its settings where it refuses new ones, and says which request it does not know", async () => {
  await using folder = await temporaryFolder();
  const bindings = { ...BINDINGS, LIMITS: '{"helloTimeoutMs":30000}' };
  const pair = { worker: of("present"), object: of("earlier") };
  await using runtime = await serveSkewed({ ...pair, folder: folder.path, port: await freePort(), bindings });
  const ask = (rest = "") => fetch(`${runtime.url}/v1/groups/settings${rest}`);
  expect((await ask()).status).toBe(200);
  expect((await ask()).status).toBe(200);
  expect(runtime.said().match(/"event":"policy_refused"/g)).toHaveLength(1);
  const unknown = await ask("/elections/process");
  expect([unknown.status, unknown.headers.get("Retry-After"), await bodyOf(unknown)]).toEqual([
    503,
    "10",
    { error: { code: "other_interface", message: expect.stringContaining("of an older version") } },
  ]);
});
