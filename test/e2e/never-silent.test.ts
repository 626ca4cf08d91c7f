/** Programs that listen to no error: what is wrong stands in their output all the same. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../cli/backend/free-port.ts";
import { WARN_AFTER_MS } from "../../client/outage.ts";
import { RETRY } from "../../shared/back-off.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { NODE_ENTRY } from "../../tools/harness/built.ts";
import { runNode } from "../../tools/harness/child-process.ts";
import { SECRET, tokenFor } from "../../tools/harness/tokens.ts";
import type { NeverSilentConfig } from "../support/never-silent.main.ts";

let backend: LocalBackend;
beforeAll(async () => {
  backend = await startLocalBackend({ bindings: { AUTH_SECRET: SECRET } });
});
afterAll(() => backend.stop());

const run = (config: Omit<NeverSilentConfig, "entry">) =>
  runNode("test/support/never-silent.main.ts", [JSON.stringify({ entry: NODE_ENTRY, ...config })]);

const FOR_EVER = 3_600_000;
const ROOM_MS = 3_000;

test.each([
  [
    "for another group",
    tokenFor("contend", { groups: ["another"] }),
    /HTTP 403: these credentials are not for this group/,
  ],
  [
    "that has ended",
    tokenFor("contend", { endsAt: Date.now() - 60_000 }),
    /HTTP 401: this token is not valid for this deployment, or has ended/,
  ],
])(
  "[E13] a program whose only contender is refused for good, by a token %s, ends with exit code 1 and says why",
  async (_, token, why) => {
    const { ended, output } = run({ url: backend.url, token, patienceMs: FOR_EVER });
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(output()).toMatch(why);
    expect(output()).toContain("the client is closed");
  },
);

test("[E13] one that can't connect for five seconds warns once, and goes on", async () => {
  const url = `http://127.0.0.1:${await freePort("127.0.0.1")}`;
  // Whatever chance makes of the back-off: after five seconds it fails once more within the longest one.
  const { ended, output } = run({ url, patienceMs: WARN_AFTER_MS + RETRY.longestMs + ROOM_MS });
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(output().match(/edge-election: /g)).toHaveLength(1);
  expect(output()).toMatch(/can't be reached: .*ECONNREFUSED.*; the client keeps trying/);
});
