/**
 * The routes of all groups: an overview, and their metrics. The index names the groups. Each of them is asked when somebody
 * looks, a few at the same time, and one that does not answer in time is left open. No election waits for any of this.
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { name } from "../../shared/protocol/codec.ts";
import { type Check, object, optional, text } from "../../shared/protocol/fields.ts";
import { GROUPS_AT_ONCE, type GroupsStatus } from "../../shared/protocol/status.ts";
import type { IndexPage } from "../durable-object/group-index.ts";
import { type Admissions, type App, askedTooOften, askLessOften } from "./admission.ts";
import { groupAt } from "./group-at.ts";
import { indexIn } from "./index-binding.ts";
import { takesQuery } from "./input.ts";
import { callWith } from "./interface.ts";
import { logError } from "./log.ts";
import { type Looks, lookAt } from "./looking.ts";
import { refuseWith } from "./problem.ts";
import { joinedText, PROMETHEUS_TYPE, prometheusText } from "./prometheus.ts";

/** The platform opens six connections at the same time; further ones would wait for these. */
const ASKED_AT_ONCE = 6;
/** A group that is alive answers in less; a scraper and a reader wait no longer than the second. */
const GROUP_WITHIN_MS = 3_000;
const ALL_WITHIN_MS = 8_000;
const NAME_LENGTH = 128;

export interface GroupsQuery {
  readonly after?: string;
  readonly filter?: string;
}

const part = text(NAME_LENGTH);
const groupsQuery: Check<GroupsQuery> = object<GroupsQuery>({ after: optional(part), filter: optional(part) });

const NO_INDEX =
  "this deployment keeps no index of its groups: bind the class GroupIndex by the name GROUP_INDEX, or ask for a group by its name";

/** Says nothing about any group, so it needs no credentials: nobody is asked for a token in vain. */
const withIndex: MiddlewareHandler<App> = async ({ env }, next) => {
  if (env.GROUP_INDEX === undefined) return refuseWith(404, "no_index", NO_INDEX);
  await next();
  return undefined;
};

export const allGroupsRoutes = ({ ofAll, settingsOf }: Admissions) =>
  new Hono<App>()
    .get("/groups", withIndex, ofAll("observe"), takesQuery(groupsQuery), async (context) => {
      const page = await pageOf(context, context.req.valid("query"));
      const summaries = await askAll(context, page, settingsOf, (looks, call) => looks.summary(call));
      const groups = page.groups.map((group) => ({ group, summary: summaries.get(group) ?? null }));
      const status: GroupsStatus = { ...page, groups };
      return context.json(status);
    })
    .get("/metrics", withIndex, ofAll("observe"), takesQuery(groupsQuery), async (context) => {
      const page = await pageOf(context, context.req.valid("query"));
      const texts = await askAll(context, page, settingsOf, (looks, call) => looks.metrics(call));
      return context.text(metricsText(page, texts), 200, { "Content-Type": PROMETHEUS_TYPE });
    });

async function pageOf({ env, var: { groups } }: Context<App>, { after, filter }: GroupsQuery): Promise<IndexPage> {
  if (after !== undefined) name(after, "after");
  const question = {
    ...(groups !== undefined && { groups }),
    ...(filter !== undefined && { filter }),
    ...(after !== undefined && { after }),
    limit: GROUPS_AT_ONCE,
  };
  try {
    const index = indexIn(env);
    if (index === null) throw new Error("there is no index");
    return await within(GROUP_WITHIN_MS, index.page(question) as Promise<IndexPage>);
  } catch (error) {
    logError("index_failed", error);
    const message = "the index of groups can't answer right now: try again; the groups themselves go on";
    throw new HTTPException(503, { res: refuseWith(503, "unavailable", message) });
  }
}

/** The answers of the groups that gave one in time, by their names. */
async function askAll<Answer>(
  context: Context<App>,
  { groups }: IndexPage,
  settingsOf: Admissions["settingsOf"],
  ask: (looks: Looks, call: ReturnType<typeof callWith>) => Promise<Answer>,
): Promise<ReadonlyMap<string, Answer>> {
  const { env } = context;
  const until = Date.now() + ALL_WITHIN_MS;
  const answers = new Map<string, Answer>();
  const askOne = async (group: string): Promise<void> => {
    const settings = settingsOf(group, env);
    if ("status" in settings) throw new Error(settings.message);
    const call = callWith(settings.policy);
    const looks = lookAt(group, groupAt(env.ELECTIONS, group, settings.place), env, (group) => ask(group, call));
    answers.set(group, await within(Math.min(GROUP_WITHIN_MS, until - Date.now()), looks));
  };
  const waiting = [...groups];
  const askOneByOne = async (): Promise<void> => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      if (await askedTooOften(context)) throw new HTTPException(429, { res: askLessOften() });
      if (Date.now() >= until) return;
      await askOne(group).catch((error: unknown) => logError("request_failed", error, { group }));
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOneByOne));
  return answers;
}

/** Rejects after this time; what it has waited for may go on. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** The metrics of each group, and which groups there are and have answered. */
function metricsText({ groups, count }: IndexPage, texts: ReadonlyMap<string, string>): string {
  const up = groups.map((group) => ({ labels: { group }, value: Number(texts.has(group)) }));
  const own = prometheusText(
    [
      {
        name: "edge_election_indexed_groups",
        type: "gauge",
        help: "Groups of the index that these credentials may see.",
        samples: [{ value: count }],
      },
      { name: "edge_election_group_up", type: "gauge", help: "1 if the group has answered in time.", samples: up },
    ],
    {},
  );
  return joinedText([own, ...texts.values()]);
}
