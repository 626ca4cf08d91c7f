/**
 * A grammar of frames that a hostile or broken client may send: messages as they should be, messages with one thing
 * wrong, and text that is no message. Ids that only the sender knows are `$mine`, `$theirs` and `$session`.
 */
import fc from "fast-check";
import type { ClientMessage } from "../../shared/protocol/messages.ts";

type Json = fc.JsonValue;

const name = fc.oneof(
  fc.stringMatching(/^[a-z][A-Za-z0-9_.:/-]{0,20}$/),
  fc.constantFrom("steady", "constructor", "__proto__", "toString", "x".repeat(128), "a/../b", "..."),
);
const id = fc.oneof(fc.constantFrom("$mine", "$theirs", "$session"), fc.string({ minLength: 1, maxLength: 12 }));
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    '"}\n# HELP x\n',
    "<img src=x onerror=alert(1)>",
    "\u0000\u2028",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a text that is no template
    "${x}",
    "'; DROP TABLE session; --",
  ),
);
const priority = fc.oneof(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.constantFrom(0, 1e-300, -0.5));
const sentAt = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, -1, 1e308));
const metadata = fc.dictionary(text, text, { maxKeys: 3 });
const kind = fc.constantFrom("process", "dedicated");
const watch = fc.oneof(fc.constant(true), fc.array(name, { maxLength: 8 }));
const ids = fc.array(id, { maxLength: 6 });
const busy = fc.array(
  fc.oneof(
    fc.constant("process"),
    name.map((component) => `component:${component}`),
  ),
  {
    maxLength: 4,
  },
);
const contender = fc.record({ component: name, election: kind, priority }, { requiredKeys: ["component"] });
const process = fc.record({ name: text, address: text, metadata }, { requiredKeys: [] });
const resume = fc.record({ sessionId: id, secret: id, attempt: fc.integer({ min: 0, max: 9 }) });

type MessageOf<T extends ClientMessage["type"]> = Extract<ClientMessage, { readonly type: T }>;
/** Total by type: a new message or field does not compile before it stands here. */
type Grammar = {
  readonly [T in ClientMessage["type"]]: { readonly [K in Exclude<keyof MessageOf<T>, "type">]-?: fc.Arbitrary<Json> };
};
const grammar: Grammar = {
  hello: {
    process,
    priority,
    contenders: fc.array(contender, { maxLength: 4 }),
    observe: watch,
    resume,
    held: ids,
    sentAt,
    busy,
  },
  register: { component: name, election: kind, priority, try: fc.constant(true), sentAt, busy },
  deregister: { component: name },
  renew: { sentAt, held: ids, busy },
  confirm: { id, component: name, leaderSessionId: id, address: text, metadata },
  resign: { leaderSessionId: id, successor: id, sentAt, busy },
  release: { leaderSessionId: id, sentAt, busy },
  priority: { priority, component: name },
  observe: { components: watch },
  unobserve: { components: watch },
  bye: {},
};
/** May be left out. */
const OPTIONAL = {
  hello: ["process", "priority", "contenders", "observe", "resume", "held", "busy"],
  register: ["election", "priority", "try", "sentAt", "busy"],
  renew: ["busy"],
  confirm: ["address", "metadata"],
  resign: ["successor", "sentAt", "busy"],
  release: ["sentAt", "busy"],
  priority: ["component"],
} as const;

function messageOf(type: ClientMessage["type"]): fc.Arbitrary<Record<string, Json>> {
  const fields: Record<string, fc.Arbitrary<Json>> = { type: fc.constant(type), ...grammar[type] };
  const optional: readonly string[] = type in OPTIONAL ? OPTIONAL[type as keyof typeof OPTIONAL] : [];
  return fc.record(fields, { requiredKeys: Object.keys(fields).filter((field) => !optional.includes(field)) });
}

const types = Object.keys(grammar) as ClientMessage["type"][];
const hello = messageOf("hello");
const bye = messageOf("bye");
const spoken = fc.oneof(...types.filter((type) => type !== "hello" && type !== "bye").map(messageOf));

/** Values that are wrong in every field, or in nearly every one. */
const oddity: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, -1, 1e308, "", " ", [], {}, [null], { type: "hello" }, "\u0000", "x".repeat(129)),
  fc.constantFrom<Json>(
    "x".repeat(5_000),
    Array.from({ length: 4_096 }, () => "a"),
    Array.from({ length: 4_097 }, () => "a"),
  ),
  fc.jsonValue(),
);
/** JSON of such values, and JSON that no program of this language writes. */
const oddText = fc.oneof(
  { weight: 3, arbitrary: oddity.map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "1e999",
      "-1e999",
      "1e-400",
      "-0",
      "9007199254740993",
      "1".repeat(400),
      '"\\ud800"',
      '"\\udfff\\ud800"',
      '"\\u202e\\u0000"',
      '"\u2028\ufeff"',
      '"__proto__"',
      '{"__proto__":{"type":"bye"}}',
      '{"a":1,"a":2}',
    ),
  },
);
const fields = ["type", ...new Set(types.flatMap((type) => Object.keys(grammar[type])))];

/** A message with one thing wrong. */
const wrongObject = fc
  .tuple(fc.oneof(hello, spoken, bye), fc.constantFrom(...fields, "unknown", "__proto__"), oddText, fc.boolean())
  .map(([message, field, value, drop]) => {
    const entries = Object.entries(message).filter(([key]) => key !== field);
    const parts = entries.map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(one)}`);
    if (!drop) parts.push(`${JSON.stringify(field)}:${value}`);
    return `{${parts.join(",")}}`;
  });

/** The text of a message, cut, doubled, or with something in between. */
const wrongText = fc
  .tuple(
    fc.oneof(hello, spoken),
    fc.double({ min: 0, max: 1, noNaN: true }),
    text,
    fc.constantFrom("cut", "insert", "double"),
  )
  .map(([message, at, noise, how]) => {
    const whole = JSON.stringify(message);
    const [head, tail] = [whole.slice(0, whole.length * at), whole.slice(whole.length * at)];
    if (how === "cut") return head;
    return how === "insert" ? head + noise + tail : whole + whole;
  });

const noMessage = fc.oneof(
  text,
  fc.constantFrom(
    "",
    "ping ",
    "pong",
    "null",
    "[]",
    "0",
    '"hello"',
    "[".repeat(50_000),
    '{"a":'.repeat(20_000),
    "\ufeff{}",
  ),
  fc.integer({ min: 1, max: 3 }).map((large) => "x".repeat(131_072 * large + 1)),
);

/** A legal frame of a session after its hello, `bye` left out. */
export const legalFrame: fc.Arbitrary<string> = spoken.map((message) => JSON.stringify(message));
/** Any frame, at any moment. */
export const anyFrame: fc.Arbitrary<string> = fc.oneof(
  { weight: 9, arbitrary: fc.oneof(hello, spoken, bye).map((message) => JSON.stringify(message)) },
  { weight: 12, arbitrary: wrongObject },
  { weight: 8, arbitrary: wrongText },
  { weight: 1, arbitrary: noMessage },
);
