/** A client whose group is answered by another deployment than before. */
import { afterEach, expect, test, vi } from "vitest";
import { FakeGroup, leadershipOf, settle } from "./fake-group.ts";

afterEach(() => void vi.unstubAllGlobals());

/** Another deployment, or `null` an older one, answers from the next connection on. */
async function meet(group: FakeGroup, deployment: string | null): Promise<void> {
  group.becomes(deployment);
  group.cut();
  await group.clock.advance(20_000);
}

test("[E15] a client that meets another deployment says so once, by a code of its own, and goes on there", async () => {
  const group = new FakeGroup();
  const client = group.client();
  const heard: unknown[] = [];
  const others = (): unknown[] => heard.filter((error) => (error as { code?: string }).code === "other_deployment");
  client.onError((error) => void heard.push(error));
  const own = vi.fn();
  const contender = client.contend("x", { onError: own });
  await settle();
  await meet(group, "one");
  expect(others()).toEqual([]);
  await meet(group, "two");
  const message = expect.stringMatching(
    /^http:\/\/group\.example\/base\/.* another deployment now \(two; earlier: one\)/,
  );
  expect(others()).toMatchObject([{ name: "ElectionError", code: "other_deployment", retryable: true, message }]);
  expect(own.mock.lastCall).toMatchObject([{ code: "other_deployment" }]);
  expect(client.health()).toMatchObject({ status: "ok", lastError: { code: "other_deployment" } });
  expect(leadershipOf(contender).isLeader()).toBe(true);
  await meet(group, "two");
  expect(others()).toHaveLength(1);
  await client.close();
});

test("[E15] it remembers the deployment while no session is needed, and through one that does not name itself", async () => {
  const group = new FakeGroup();
  const client = group.client();
  const heard: unknown[] = [];
  client.onError((error) => void heard.push(error));
  await client.contend("x").close();
  const first = client.contend("x");
  await settle();
  await first.close();
  await group.clock.advance(60_000);
  expect(client.state).toBe("idle");
  group.becomes("two");
  client.contend("x");
  await group.clock.advance(1_000);
  expect(heard).toMatchObject([{ code: "other_deployment" }]);
  heard.length = 0;
  await meet(group, null);
  await meet(group, "two");
  expect(heard.filter((error) => (error as { code?: string }).code === "other_deployment")).toEqual([]);
  await client.close();
});

test("[E15] without a listener it warns", async () => {
  const warn = vi.fn();
  vi.stubGlobal("console", { ...console, warn });
  const group = new FakeGroup();
  const client = group.client();
  client.contend("x");
  await settle();
  await meet(group, "two");
  expect(warn.mock.calls.flat()).toEqual([expect.stringContaining("another deployment now (two; earlier: one)")]);
  await client.close();
});

test("[E15] [S7] the term of the old deployment has stopped before one of the new begins", async () => {
  const group = new FakeGroup();
  const client = group.client();
  const steps: string[] = [];
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  client.onError((error) => void steps.push((error as { code: string }).code));
  client.contend("x", {
    onGrant: ({ leaderSessionId }) => void steps.push(`starts ${leaderSessionId}`),
    onRevoke: (reason) => {
      steps.push(`stops: ${String(reason)}`);
      return stopped;
    },
  });
  await settle();
  group.becomes("two");
  group.cut();
  await group.clock.advance(2_000);
  const untilThen = ["starts L1", "connection_lost", "other_deployment", expect.stringMatching(/^stops/)];
  expect(steps).toEqual(untilThen);
  stop();
  await group.clock.advance(20_000);
  expect(steps).toEqual([...untilThen, expect.stringMatching(/^starts L/)]);
  await client.close();
});
