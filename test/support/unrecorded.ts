/**
 * Where no session is recorded, each with its reason. Both directions are held: a file without sessions that is missing
 * here fails, and so does one that is here and has some (recorded.ts; unit/check/recorder.test.ts).
 */

const NO_BACKEND = "it starts no backend";
const NO_SESSION = "nothing in it opens a session";
const RAW = "its peers send what the test tells them to";
const NO_GROUPS = "the Workers in it have no groups";
const BY_RPC = "its objects contend by RPC";
const BY_REQUESTS = "jobs are attempted by requests";

/** Files of the tiers `e2e` and `browser`. */
export const unrecorded: ReadonlyMap<string, string> = new Map([
  ["test/browser/testing-kit.test.ts", "its group is in the memory of the page"],
  ["test/e2e/cli-check.test.ts", "it judges the trace that `dev` records by itself"],
  ["test/e2e/declarations.test.ts", NO_BACKEND],
  ["test/e2e/deploying.test.ts", RAW],
  ["test/e2e/fail-over.test.ts", RAW],
  ["test/e2e/files.test.ts", "its only socket says nothing"],
  ["test/e2e/league.test.ts", "the bench records, and is asked to judge"],
  ["test/e2e/leaving-early.test.ts", NO_BACKEND],
  ["test/e2e/local-backend.test.ts", NO_GROUPS],
  ["test/e2e/never-silent.test.ts", "nobody is let in"],
  ["test/e2e/once.test.ts", BY_REQUESTS],
  ["test/e2e/open-mode.test.ts", NO_SESSION],
  ["test/e2e/platforms.test.ts", NO_BACKEND],
  ["test/e2e/schedulers.test.ts", BY_REQUESTS],
  ["test/e2e/start.test.ts", NO_SESSION],
  ["test/local/miniflare/misuse.test.ts", "nobody is let in"],
]);

/** Files that start backends of their own without a recorded path; those above are not repeated. */
export const unrecordedStarts: ReadonlyMap<string, string> = new Map([
  ["examples/failures/main.ts", "it shows its readers how to start a backend"],
  ["examples/miniflare/takeover.node-test.ts", BY_RPC],
  ["examples/wrangler-harness/takeover.node-test.ts", BY_RPC],
  ["test/e2e/cli-commands.test.ts", "`dev` gets requests alone"],
  ["test/e2e/cli-outputs.test.ts", "`dev` gets requests alone"],
  ["test/e2e/documentation.test.ts", "the configuration of a page is asked by strangers, who are turned away"],
  ["test/support/backend-owner.main.ts", NO_GROUPS],
  ["test/support/full-disk.main.ts", "its test records before it"],
  ["test/support/once-rounds.ts", BY_REQUESTS],
]);
