/** `fence()` in front of a Hono app. */
import { DatabaseSync } from "node:sqlite";
import { Hono } from "hono";
import { expect, test } from "vitest";
import {
  createFenceVerifier,
  createSqlGuard,
  createSqlitePort,
  encodeFence,
  FENCE_HEADER,
  FENCE_TOKEN_HEADER,
  type FenceOptions,
  fence,
  type SqlGuard,
} from "../../../worker/fence/index.ts";
import { signFenceToken } from "../../../worker/fence/token.ts";
import { fenceOf } from "../../support/fence-contract.ts";
import { wrong } from "../../support/wrong.ts";

const SECRET = "a secret of 32 characters or more";

async function newGuard(): Promise<SqlGuard<DatabaseSync>> {
  const guard = createSqlGuard(createSqlitePort(new DatabaseSync(":memory:")));
  await guard.setUp();
  return guard;
}

/** A resource that records whom it believes it serves. `before`: what happens between the check and the write. */
function resource(
  options: FenceOptions<object>,
  guard: SqlGuard<DatabaseSync>,
  before = async (): Promise<void> => {},
) {
  return new Hono()
    .onError((error, context) => context.text(error.message, 500))
    .use("/counter", fence(options))
    .post("/counter", async (context) => {
      await before();
      await guard.run(context.var.fence, () => {});
      return context.json(context.var.fence);
    });
}

const post = (app: Hono | ReturnType<typeof resource>, headers: Record<string, string>): Promise<Response> =>
  Promise.resolve(app.request("/counter", { method: "POST", headers }));
const by = (epoch: number): Record<string, string> => ({ [FENCE_HEADER]: encodeFence(fenceOf(epoch)) });

test("[FG7] a leader that is late gets 409 with both epochs; newer ones and the present one get through", async () => {
  const guard = await newGuard();
  const app = resource({ guard }, guard);

  expect(await (await post(app, by(5))).json()).toEqual(fenceOf(5));
  expect((await post(app, by(6))).status).toBe(200);
  expect((await post(app, by(6))).status).toBe(200);
  const late = await post(app, by(5));
  expect(late.status).toBe(409);
  expect(await late.json()).toEqual({
    error: {
      code: "stale_leader",
      message: expect.stringContaining("Stop, discard what this term has computed"),
      group: "shop",
      component: "counter",
      epoch: 5,
      highestEpoch: 6,
    },
  });
});

test("[FG7] a leader that becomes late while its handler runs gets 409 too, where the write goes through the guard", async () => {
  const guard = await newGuard();
  const app = resource({ guard }, guard, () => guard.claim(fenceOf(6)));

  const late = await post(app, by(5));
  expect(late.status).toBe(409);
  expect(await late.json()).toMatchObject({ error: { epoch: 5, highestEpoch: 6 } });
});

test.each([
  ["no header", {}, 400, "fence_missing", "send leadership.headers()"],
  ["a header that is no fence", { [FENCE_HEADER]: "shop/counter/1" }, 400, "invalid_fence", "leaderSessionId"],
  ["two headers", { [FENCE_HEADER]: "shop/counter/1/a, shop/counter/2/b" }, 400, "invalid_fence", "must be"],
  ["another group", { [FENCE_HEADER]: "shop2/counter/1/a" }, 403, "fence_not_accepted", "the group shop2"],
  ["another component", { [FENCE_HEADER]: "shop/other/1/a" }, 403, "fence_not_accepted", "the component other"],
])("[FG7] a request with %s is refused before anything is remembered", async (_, headers, status, code, message) => {
  const guard = await newGuard();
  const refused = await post(resource({ guard, groups: ["shop"], components: ["counter"] }, guard), headers);

  expect(refused.status).toBe(status);
  expect(await refused.json()).toEqual({ error: { code, message: expect.stringContaining(message) } });
  expect(await guard.highest(fenceOf(1))).toBeNull();
});

test.each([
  [
    "component",
    { component: ["counter"] },
    /^component is unknown: the options are guard, verifier, groups, components$/,
  ],
  ["group", { group: ["shop"] }, /^group is unknown/],
  ["components that are no list", { components: "counter" }, /^components must be a list of names$/],
  ["groups that are no list", { groups: "shop" }, /^groups must be a list of names$/],
])("an option that would accept more than was meant is refused at once: %s", async (_, options, message) => {
  const guard = await newGuard();
  expect(() => fence(wrong({ guard, ...options }))).toThrow(message);
  expect(() => createFenceVerifier(wrong({ secret: SECRET, ...options }))).toThrow(
    /is unknown|must be a list of names/,
  );
  expect(() => createSqlGuard(createSqlitePort(new DatabaseSync(":memory:")), wrong(options))).toThrow(
    "is unknown: the options are placeholder",
  );
});

test("[FG6] [FG7] with a verifier the signed token counts, and the plain header is not believed", async () => {
  const guard = await newGuard();
  const app = resource({ guard, verifier: createFenceVerifier({ secret: SECRET }), groups: ["shop"] }, guard);
  const tokenFor = async (epoch: number, now = Date.now()): Promise<Record<string, string>> => ({
    [FENCE_TOKEN_HEADER]: (await signFenceToken(fenceOf(epoch), 10_000, { secret: SECRET }, now)).token,
  });

  expect(await (await post(app, { ...by(99), ...(await tokenFor(7)) })).json()).toEqual(fenceOf(7));
  expect((await post(app, await tokenFor(6))).status).toBe(409);
  const codeOf = async (headers: Record<string, string>): Promise<unknown> => {
    const refused = await post(app, headers);
    const { error } = JSON.parse(await refused.text());
    return [refused.status, error.code];
  };
  expect(await codeOf(by(8))).toEqual([400, "fence_missing"]);
  expect(await codeOf({ [FENCE_TOKEN_HEADER]: "forged" })).toEqual([401, "invalid_fence_token"]);
  expect(await codeOf(await tokenFor(8, Date.now() - 60_000))).toEqual([401, "fence_token_expired"]);
});

test("the guard may come from the bindings of the request, and what it throws by itself is the app's affair", async () => {
  const guard = await newGuard();
  interface Bound {
    Bindings: { guard: SqlGuard<DatabaseSync> };
  }
  const app = new Hono<Bound>()
    .use(fence<Bound>({ guard: ({ env }) => env.guard }))
    .post("/counter", (context) => context.text(context.var.fence.component))
    .onError((error, context) => context.text(error.message, 500));
  const request = (env: Bound["Bindings"]): Promise<Response> =>
    Promise.resolve(app.request("/counter", { method: "POST", headers: by(1) }, env));

  expect(await (await request({ guard })).text()).toBe("counter");
  const broken = { ...guard, claim: () => Promise.reject(new Error("the database is away")) };
  const failed = await request({ guard: broken });
  expect([failed.status, await failed.text()]).toEqual([500, "the database is away"]);
  const noTable = createSqlGuard(createSqlitePort(new DatabaseSync(":memory:")));
  expect((await request({ guard: noTable })).status).toBe(503);
});
