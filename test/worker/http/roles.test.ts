/** Who may do what: four roles by every route and every message of a client. The names of the tests are the table. */

import { beforeAll, expect, test } from "vitest";
import type { ClientMessage, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { LivePeer } from "../../../tools/harness/live-peer.ts";
import { createElectionApp, type Role } from "../../../worker/index.ts";
import { ask, connect, electionOf, freshGroup, join, pathOf, rowsOf, statusOf, stopClock } from "../support.ts";
import { bearer, deployWith, SECRET, tokenFor } from "./identities.ts";
import { askRoute, contending, isTouched, looking, operating, type Route, routes } from "./routes.ts";

type Who = "none" | Role;
const whos: readonly Who[] = ["none", "observe", "contend", "admin"];
const server = deployWith({ AUTH_SECRET: SECRET, FENCE_SECRET: "a secret of fence tokens, of its own" });
const headers = new Map<Who, Record<string, string>>([["none", {}]]);

beforeAll(async () => {
  for (const role of ["observe", "contend", "admin"] as const) headers.set(role, bearer(await tokenFor({ role })));
});

const as = (who: Who) => ({ server, headers: headers.get(who) ?? {} });
const may = (allowed: boolean): string => (allowed ? "may" : "may not");
const atLeast = (who: Who, needed: Who): boolean => whos.indexOf(who) >= whos.indexOf(needed);

// Routes

interface RouteCase {
  readonly who: Who;
  readonly verb: string;
  readonly route: Route;
  readonly path: string;
  readonly allowed: boolean;
}

const routeCase = (who: Who, route: Route, needed: Who): RouteCase => {
  const allowed = atLeast(who, needed);
  return { who, route, allowed, verb: may(allowed), path: `${route[0]} /v1/groups/{g}${route[1]}` };
};
const routeCases = whos.flatMap((who) => [
  ...looking.map((route) => routeCase(who, route, "observe")),
  ...contending.map((route) => routeCase(who, route, "contend")),
  ...operating.map((route) => routeCase(who, route, "admin")),
]);

test.each(routeCases)("$who $verb $path", async ({ who, route, allowed }) => {
  const group = freshGroup();
  const { status } = await askRoute(group, route, as(who));

  if (allowed) expect([200, 404, 409]).toContain(status);
  else expect(status).toBe(who === "none" ? 401 : 403);
  expect(await isTouched(group)).toBe(allowed);
});

test.each(whos)("%s may GET /healthz", async (who) => {
  expect((await ask("GET", "/healthz", as(who))).status).toBe(200);
});

test.each(whos.map((who) => ({ who, verb: may(who !== "none") })))(
  "$who $verb open a socket, in groups that the token names only",
  async ({ who }) => {
    const group = freshGroup();
    const client = await connect(group, as(who));
    if (who !== "none") {
      expect((await client.hello()).resumed).toBe(false);
      const elsewhere = await connect(freshGroup(), {
        server,
        headers: bearer(await tokenFor({ role: who, groups: [group] })),
      });
      expect(await elsewhere.closed).toMatchObject({ code: 4403 });
    } else {
      expect(await client.closed).toMatchObject({ code: 4401 });
      expect(await isTouched(group)).toBe(false);
    }
  },
);

test("the table has every route of the app", () => {
  const { routes: registered } = createElectionApp();
  const inTable = new Set(routeCases.map(({ route }) => route));
  expect([...inTable]).toEqual(routes);
  const known = new Set([
    ...routes.map(
      ([method, rest]) => `${method} /v1/groups/:group${rest.replace(/\/(?:process|dispatcher|nightly)/, "/:name")}`,
    ),
    "GET /v1/groups/:group/session",
    "GET /v1/groups",
    "GET /v1/metrics",
    "GET /healthz",
  ]);
  const paths = registered
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replace(/:(?:component|election|job)/, ":name").replace(/\/$/, "")}`);
  expect([...new Set(paths)].sort()).toEqual([...known].sort());
});

// Messages

type Answer = ServerMessage["type"] | "nothing" | "close 1000";
interface MessageCase {
  readonly what: string;
  /** `mine` is what this session may have won in an election of its own, `theirs` what another session leads by. */
  readonly message: (terms: { readonly mine: string; readonly theirs: string }) => ClientMessage;
  readonly needs: Exclude<Who, "none">;
  readonly answer: Answer;
  /** To those who may not. */
  readonly refusal?: string;
}

const ours = { component: "own", election: "dedicated" } as const;
const always = (code: string) => ({ needs: "admin", answer: "error", refusal: code }) as const;

/** Total by type of message. */
const messages: { readonly [Type in ClientMessage["type"]]: readonly MessageCase[] } = {
  hello: [], // the first message of every case below
  register: [
    {
      what: "register a contender",
      message: () => ({ type: "register", component: "other" }),
      needs: "contend",
      answer: "registered",
      refusal: "forbidden",
    },
    {
      what: "register a contender in an election of its own",
      message: () => ({ type: "register", component: "another", election: "dedicated" }),
      needs: "contend",
      answer: "registered",
      refusal: "forbidden",
    },
  ],
  deregister: [
    {
      what: "deregister its contender",
      message: () => ({ type: "deregister", component: "own" }),
      needs: "contend",
      answer: "deregistered",
      refusal: "unknown_component",
    },
    {
      what: "deregister another session's contender",
      message: () => ({ type: "deregister", component: "dispatcher" }),
      ...always("unknown_component"),
    },
  ],
  renew: [
    {
      what: "say that it is alive",
      message: () => ({ type: "renew", sentAt: 1_000, held: [] }),
      needs: "observe",
      answer: "renewed",
    },
  ],
  confirm: [
    {
      what: "confirm its own leadership",
      message: ({ mine }) => ({ type: "confirm", id: "c", component: "own", leaderSessionId: mine }),
      needs: "contend",
      answer: "confirmed",
      refusal: "not_leader",
    },
    {
      what: "confirm another session's leadership",
      message: ({ theirs }) => ({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId: theirs }),
      ...always("not_leader"),
    },
    {
      what: "confirm another session's component by its own leadership",
      message: ({ mine }) => ({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId: mine }),
      ...always("not_leader"),
    },
  ],
  resign: [
    {
      what: "resign its own leadership",
      message: ({ mine }) => ({ type: "resign", leaderSessionId: mine }),
      needs: "contend",
      answer: "grant",
      refusal: "not_leader",
    },
    {
      what: "resign another session's leadership",
      message: ({ theirs }) => ({ type: "resign", leaderSessionId: theirs }),
      ...always("not_leader"),
    },
  ],
  release: [
    {
      what: "release its own leadership",
      message: ({ mine }) => ({ type: "release", leaderSessionId: mine }),
      needs: "contend",
      answer: "grant",
      refusal: "not_leader",
    },
    {
      what: "release another session's leadership",
      message: ({ theirs }) => ({ type: "release", leaderSessionId: theirs }),
      ...always("not_leader"),
    },
  ],
  priority: [
    {
      what: "set its process's priority",
      message: () => ({ type: "priority", priority: 1_000_000 }),
      needs: "observe",
      answer: "nothing",
    },
    {
      what: "set its contender's priority",
      message: () => ({ type: "priority", priority: 5, component: "own" }),
      needs: "contend",
      answer: "nothing",
      refusal: "unknown_component",
    },
    {
      what: "set the priority of another session's contender",
      message: () => ({ type: "priority", priority: 5, component: "dispatcher" }),
      ...always("unknown_component"),
    },
  ],
  observe: [
    {
      what: "observe a component",
      message: () => ({ type: "observe", components: ["dispatcher"] }),
      needs: "observe",
      answer: "leaders",
    },
    {
      what: "observe all components",
      message: () => ({ type: "observe", components: true }),
      needs: "observe",
      answer: "leaders",
    },
  ],
  unobserve: [
    {
      what: "stop observing",
      message: () => ({ type: "unobserve", components: ["dispatcher"] }),
      needs: "observe",
      answer: "nothing",
    },
  ],
  bye: [{ what: "leave", message: () => ({ type: "bye" }), needs: "observe", answer: "close 1000" }],
};

const isRefusedToAll = (one: MessageCase): boolean => one.answer === "error";
const messageCases = whos
  .filter((who) => who !== "none")
  .flatMap((who) =>
    Object.values(messages)
      .flat()
      .map((one) => ({ ...one, who, verb: may(!isRefusedToAll(one) && atLeast(who, one.needs)) })),
  );

/** A group in which another process leads, and a session of this role, with a term of its own where it may have one. */
async function stage(who: Role): Promise<{ group: string; client: LivePeer; mine: string; theirs: string }> {
  const group = freshGroup();
  stopClock();
  const leader = await join(group, {}, as("contend"));
  const { leaderSessionId: theirs } = await leader.client.win();
  const { client } = await join(group, { contenders: [ours] }, as(who));
  if (who === "observe") {
    expect(await client.next("error")).toMatchObject({ code: "forbidden", component: "own" });
    return { group, client, mine: "nothing", theirs };
  }
  return { group, client, mine: (await client.win()).leaderSessionId, theirs };
}

async function expectAnswer(client: LivePeer, answer: Answer): Promise<void> {
  if (answer === "close 1000") expect((await client.closed).code).toBe(1000);
  else if (answer === "nothing") expect(await client.settle()).toEqual([]);
  else await client.next(answer);
}

test.each(Object.values(messages).flat())("none may not $what", async ({ message }) => {
  const group = freshGroup();
  const client = await connect(group, as("none"));

  client.send({ type: "hello", sentAt: 1 });
  client.send(message({ mine: "mine", theirs: "theirs" }));
  expect(await client.closed).toMatchObject({ code: 4401 });
  expect(client.unread).toEqual([]);
  expect(await isTouched(group)).toBe(false);
});

test.each(messageCases)("$who $verb $what", async ({ who, message, verb, answer, refusal }) => {
  const { group, client, mine, theirs } = await stage(who);
  const before = await rowsOf(group);

  client.send(message({ mine, theirs }));
  if (verb === "may") {
    await expectAnswer(client, answer);
  } else {
    expect(await client.next("error")).toMatchObject({ code: refusal });
    expect(await rowsOf(group)).toEqual(before);
  }
  const { elections } = await statusOf(group);
  const led = elections.find(({ election }) => election === "process");
  expect(led).toMatchObject({ state: "leading", leader: { leaderSessionId: theirs } });
});

test.each(["observe", "contend", "admin"] as const)(
  "%s may not renew another session's leadership, nor resume its session without its secret",
  async (who) => {
    const group = freshGroup();
    stopClock();
    const leader = await join(group, {}, as("contend"));
    const { leaderSessionId } = await leader.client.win();
    const thief = await join(group, { contenders: [] }, as(who));
    const before = await rowsOf(group);

    expect(await thief.client.renew(leaderSessionId)).toEqual([]);
    expect(await rowsOf(group)).toEqual(before);
    const { sessionId } = leader.welcome;
    for (const secret of ["guess", sessionId, thief.welcome.secret]) {
      const guess = await connect(group, as(who));
      const welcome = await guess.hello({ resume: { sessionId, secret, attempt: 9 }, held: [leaderSessionId] });
      expect(welcome).toMatchObject({ resumed: false, held: [] });
      expect(welcome.sessionId).not.toBe(sessionId);
    }
    expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { sessionId, leaderSessionId } });
    expect(await leader.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  },
);

test("a session of one group is unknown in another, and its leadership too", async () => {
  const [here, there] = [freshGroup(), freshGroup()];
  stopClock();
  const leader = await join(here, {}, as("contend"));
  const { leaderSessionId } = await leader.client.win();
  const stranger = await join(there, { contenders: [{ component: "dispatcher" }], observe: true }, as("admin"));

  expect((await stranger.client.next("leaders")).leaders).toEqual([]);
  expect(await stranger.client.renew(leaderSessionId)).toEqual([]);
  const { sessionId, secret } = leader.welcome;
  const moved = await connect(there, as("admin"));
  expect((await moved.hello({ resume: { sessionId, secret, attempt: 1 } })).resumed).toBe(false);
  expect((await ask("GET", pathOf(there), as("admin"))).body).toMatchObject({ sessions: 2 });
  expect(await leader.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
});

test("[N6] a resume secret has 128 bits, is stored as a hash only, and is spent once the next one was used", async () => {
  const group = freshGroup();
  const { welcome } = await join(group, {}, as("contend"));
  expect(atob(welcome.secret.replaceAll("-", "+").replaceAll("_", "/"))).toHaveLength(16);
  expect(JSON.stringify(await rowsOf(group))).not.toContain(welcome.secret);

  const { sessionId } = welcome;
  const come = async (secret: string, attempt: number) =>
    (await connect(group, as("contend"))).hello({ resume: { sessionId, secret, attempt } });
  const second = await come(welcome.secret, 1);
  const third = await come(second.secret, 2);
  expect([second.resumed, third.resumed]).toEqual([true, true]);
  expect((await come(welcome.secret, 3)).resumed).toBe(false);
  expect(JSON.stringify(await rowsOf(group))).not.toContain(third.secret);
});
