/** Every row of the protocol's field table, wrong in each way: closed with 4400, nothing stored, nobody else harmed. */
import { expect, test } from "vitest";
import { connect, freshGroup, join, rowsOf, stopClock } from "../support.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = Readonly<Record<string, readonly Json[]>>;

const name: readonly Json[] = [null, 1, true, "", ".", "..", "a b", "ä", "x\n", "x".repeat(129), [], {}];
const id: readonly Json[] = [null, 1, false, "", "x".repeat(65), ["x"], {}];
const finite: readonly Json[] = [null, "1", true, [], {}];
const priority: readonly Json[] = [...finite, 1_000_001, -1_000_001];
const address: readonly Json[] = [null, 1, false, "x".repeat(2_049), [], {}];
const metadata: readonly Json[] = [null, 1, "a", ["a"], { a: 1 }, { a: null }, { a: {} }, { a: "x".repeat(2_041) }];
const held: readonly Json[] = [null, "x", {}, [1], [null], [""], [["x"]], Array.from({ length: 4_097 }, () => "x")];
const watch: readonly Json[] = [null, false, "all", 1, {}, [1], [null], [""], ["a b"], [["a"]]];
const election: readonly Json[] = [null, 1, "", "Process", "component:a", []];
const object: readonly Json[] = [null, 1, "x", true, []];
const attempt: readonly Json[] = [null, "1", -1, 2 ** 53, [], {}];

/** A valid message of each type, and for each field the values that are wrong. A required one is wrong if absent, too. */
const table: readonly {
  readonly valid: Json & { readonly type: string };
  readonly required: Fields;
  readonly optional: Fields;
}[] = [
  {
    valid: {
      type: "hello",
      process: {},
      contenders: [{ component: "a" }],
      resume: { sessionId: "s", secret: "s", attempt: 1 },
      sentAt: 1,
    },
    required: {
      sentAt: finite,
      "contenders.0.component": name,
      "resume.sessionId": id,
      "resume.secret": id,
      "resume.attempt": attempt,
    },
    optional: {
      process: object,
      "process.name": [null, 1, "x".repeat(129), []],
      "process.address": address,
      "process.metadata": metadata,
      priority,
      contenders: [null, {}, "a", [null], ["a"], [[]], Array.from({ length: 4_097 }, () => ({ component: "a" }))],
      "contenders.0.election": election,
      "contenders.0.priority": priority,
      observe: watch,
      resume: object,
      held,
    },
  },
  {
    valid: { type: "register", component: "a" },
    required: { component: name },
    optional: { election, priority },
  },
  { valid: { type: "deregister", component: "a" }, required: { component: name }, optional: {} },
  { valid: { type: "renew", sentAt: 1, held: [] }, required: { sentAt: finite, held }, optional: {} },
  {
    valid: { type: "confirm", id: "c", component: "a", leaderSessionId: "l" },
    required: { id, component: name, leaderSessionId: id },
    optional: { address, metadata },
  },
  { valid: { type: "resign", leaderSessionId: "l" }, required: { leaderSessionId: id }, optional: { successor: id } },
  { valid: { type: "release", leaderSessionId: "l" }, required: { leaderSessionId: id }, optional: {} },
  { valid: { type: "priority", priority: 1 }, required: { priority }, optional: { component: name } },
  { valid: { type: "observe", components: true }, required: { components: watch }, optional: {} },
  { valid: { type: "unobserve", components: true }, required: { components: watch }, optional: {} },
];

/** The message with another value at a path, or without the field. */
function withField(message: Json, path: readonly string[], value: Json | undefined): Json {
  const [key = "", ...rest] = path;
  if (Array.isArray(message)) {
    return message.map((entry: Json, index) => (String(index) === key ? withField(entry, rest, value) : entry));
  }
  if (typeof message !== "object" || message === null) return message;
  const { [key]: present = {}, ...others } = Object.fromEntries(Object.entries(message));
  if (rest.length > 0) return { ...others, [key]: withField(present, rest, value) };
  return value === undefined ? others : { ...others, [key]: value };
}

interface WrongFrame {
  readonly frame: string;
  /** As the close reason names it. */
  readonly field: string;
}

const wrongFrames = ({ valid, required, optional }: (typeof table)[number]): WrongFrame[] => {
  const absent = Object.keys(required).map((path) => [path, [undefined]] as const);
  return [...Object.entries(required), ...Object.entries(optional), ...absent].flatMap(([path, values]) =>
    values.map((value) => ({
      frame: JSON.stringify(withField(valid, path.split("."), value)),
      field: path.replace(/\.(\d+)/g, "[$1]"),
    })),
  );
};

test.each(table)("[E2] $valid.type, wrong in each field and each way", async (row) => {
  const group = freshGroup();
  stopClock();
  const bystander = await join(group);
  const { leaderSessionId } = await bystander.client.win();
  const { session: sessions = [], ...before } = await rowsOf(group);
  const isHello = row.valid.type === "hello";

  for (const { frame, field } of wrongFrames(row)) {
    const client = await connect(group);
    if (!isHello) await client.hello();
    client.sendRaw(frame);
    const { code, reason } = await client.closed;
    expect({ frame: frame.slice(0, 200), code, field: reason.split(" must be ")[0] }).toEqual({
      frame: frame.slice(0, 200),
      code: 4400,
      field: expect.stringMatching(new RegExp(`^${field.replace(/[[\]]/g, "\\$&")}(\\[|\\.|$)`)),
    });
  }
  const { session: sessionsAfter = [], ...after } = await rowsOf(group);
  expect(after).toEqual(before);
  if (isHello) expect(sessionsAfter).toEqual(sessions);
  expect(sessionsAfter).toContainEqual(sessions[0]);
  expect(await bystander.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
});

test.each(["1e400", "-1e400"])("[E2] %s is no finite number", async (number) => {
  for (const frame of [`{"type":"hello","sentAt":${number}}`, `{"type":"hello","sentAt":1,"priority":${number}}`]) {
    const client = await connect(freshGroup());
    client.sendRaw(frame);
    expect(await client.closed).toMatchObject({ code: 4400 });
  }
});

test("unknown fields are ignored, with any value", async () => {
  stopClock();
  const client = await connect(freshGroup());
  const unknown = { later: null, nested: { deep: [[[1]]] }, constructor: 1, __proto__: 1 };
  client.sendRaw(
    JSON.stringify({ type: "hello", sentAt: -1.5, contenders: [{ component: "a", ...unknown }], ...unknown }),
  );

  expect(await client.next("welcome")).toMatchObject({ sentAt: -1.5 });
  await client.win();
});

test("every name that the protocol allows is taken, to the last character", async () => {
  stopClock();
  const names = ["a", "A.z_0:-/", "...", "a..b", "/", "constructor", "__proto__", "x".repeat(128)];
  const { client } = await join(freshGroup(), { contenders: names.map((component) => ({ component })) });

  expect((await client.win()).components).toEqual([...names].sort());
});
