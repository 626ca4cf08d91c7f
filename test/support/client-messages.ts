/**
 * Every message of a client, with what each of its fields takes, as PROTOCOL.md's table says it; and from that, every
 * frame that is wrong in one field. Total by type: a new message or field does not compile before it stands here.
 */
import type { ClientMessage, ContenderInfo, ProcessInfo, Resume } from "../../shared/protocol/messages.ts";

export interface BadFrame {
  readonly type: string;
  readonly what: string;
  readonly frame: string;
  /** Which field the refusal has to name. */
  readonly field: string;
}

/** JSON text of a wrong value, and where in the field it is wrong. */
type Wrong = readonly [what: string, json: string, inside?: string];

interface Kind {
  readonly required: boolean;
  readonly wrong: readonly Wrong[];
}

type MessageOf<T extends ClientMessage["type"]> = Extract<ClientMessage, { readonly type: T }>;
type Description<M> = { readonly message: M; readonly fields: { readonly [K in Exclude<keyof M, "type">]-?: Kind } };

const quoted = (length: number, unit = "x") => JSON.stringify(unit.repeat(length));
const listOf = (length: number, entry: string) => `[${Array.from({ length }, () => entry).join(",")}]`;
const LIST_ENTRIES = 4_096;

const nullValue: Wrong = ["null", "null"];
const notText: readonly Wrong[] = [
  nullValue,
  ["a number", "1"],
  ["a boolean", "true"],
  ["a list", '["x"]'],
  ["an object", "{}"],
];
const notNumber: readonly Wrong[] = [
  nullValue,
  ["a numeric string", '"1"'],
  ["NaN as a string", '"NaN"'],
  ["Infinity as a string", '"Infinity"'],
  ["a number that overflows", "1e999"],
  ["a negative number that overflows", "-1e999"],
  ["a boolean", "true"],
  ["a list", "[1]"],
  ["an object", "{}"],
];
const notRecord: readonly Wrong[] = [
  nullValue,
  ["a string", '"x"'],
  ["a number", "1"],
  ["a boolean", "true"],
  ["a list", "[]"],
];

const required = (wrong: readonly Wrong[]): Kind => ({ required: true, wrong });
const optional = (wrong: readonly Wrong[]): Kind => ({ required: false, wrong });

const badName: readonly Wrong[] = [
  ...notText,
  ["empty", '""'],
  ["a dot", '"."'],
  ["two dots", '".."'],
  ["129 characters", quoted(129)],
  ["a space", '"a b"'],
  ["a percent sign", '"a%20b"'],
  ["a letter outside ASCII", '"ä"'],
  ["a trailing line break", '"a\\n"'],
  ["a backslash", '"a\\\\b"'],
  ["a NUL", '"a\\u0000"'],
];
const badId: readonly Wrong[] = [...notText, ["empty", '""'], ["65 characters", quoted(65)]];
const badAddress: readonly Wrong[] = [...notText, ["2,049 characters", quoted(2_049)]];
const badPriority: readonly Wrong[] = [
  ...notNumber,
  ["just above the range", "1000000.1"],
  ["just below the range", "-1000000.1"],
];
const badElection: readonly Wrong[] = [
  ...notText,
  ["empty", '""'],
  ["another case", '"Process"'],
  ["unknown", '"both"'],
];
const badMetadata: readonly Wrong[] = [
  ...notRecord,
  ["a number in it", '{"k":1}'],
  ["null in it", '{"k":null}'],
  ["an object in it", '{"a":"b","k":{}}'],
  ["2,049 bytes", JSON.stringify({ k: "x".repeat(2_049 - 8) })],
  ["2,049 bytes of two-byte letters", JSON.stringify({ k: `${"ä".repeat(1_020)}x` })],
  ["too many entries", JSON.stringify(Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`${n}`, ""])))],
];

/** A list whose entries have wrong values of their own; the refusal names the entry. */
function badList(entry: string, wrongEntries: readonly Wrong[]): readonly Wrong[] {
  return [
    nullValue,
    ["false", "false"],
    ["a string", '"x"'],
    ["a number", "1"],
    ["an object", "{}"],
    [`${LIST_ENTRIES + 1} entries`, listOf(LIST_ENTRIES + 1, entry)],
    ...wrongEntries.map(
      ([what, json, inside = ""]): Wrong => [`${what} as its second entry`, `[${entry},${json}]`, `[1]${inside}`],
    ),
  ];
}

/** An object whose fields have wrong values of their own; the refusal names the field. */
function badObject<T extends object>(valid: T, fields: { readonly [K in keyof T]-?: Kind }): readonly Wrong[] {
  return [...notRecord, ...Object.entries<Kind>(fields).flatMap(([name, kind]) => wrongIn(valid, name, kind))];
}

function wrongIn(valid: object, name: string, kind: Kind): readonly Wrong[] {
  const others = Object.entries(valid).filter(([key]) => key !== name);
  const withJson = (json: string) =>
    `{${[...others.map(([key, value]) => `"${key}":${JSON.stringify(value)}`), `"${name}":${json}`].join(",")}}`;
  const wrong = kind.wrong.map(
    ([what, json, inside = ""]): Wrong => [`${name}: ${what}`, withJson(json), `.${name}${inside}`],
  );
  const missing: Wrong = [`${name}: missing`, JSON.stringify(Object.fromEntries(others)), `.${name}`];
  return kind.required ? [missing, ...wrong] : wrong;
}

const badIds = badList('"x"', badId);
const badNames = [...badList('"x"', badName), ["true as text", '"true"'] as const];
const badBusy = badList('"process"', [...badElection, ["a component without a name", '"component:"']]);
const statement = { sentAt: required(notNumber), busy: optional(badBusy) };
const perhapsStatement = { sentAt: optional(notNumber), busy: optional(badBusy) };
const badKind: readonly Wrong[] = [...badElection, ["the name of an election", '"component:a"']];
const contender = { component: required(badName), election: optional(badKind), priority: optional(badPriority) };

const descriptions: { readonly [T in ClientMessage["type"]]: Description<MessageOf<T>> } = {
  hello: {
    message: { type: "hello", sentAt: 1 },
    fields: {
      process: optional(
        badObject<ProcessInfo>(
          { name: "n" },
          {
            name: optional([...notText, ["129 characters", quoted(129)]]),
            address: optional(badAddress),
            metadata: optional(badMetadata),
          },
        ),
      ),
      priority: optional(badPriority),
      contenders: optional(badList('{"component":"x"}', badObject<ContenderInfo>({ component: "x" }, contender))),
      observe: optional(badNames),
      resume: optional(
        badObject<Resume>(
          { sessionId: "s", secret: "t", attempt: 1 },
          {
            sessionId: required(badId),
            secret: required(badId),
            attempt: required([...notNumber, ["negative", "-1"], ["beyond the safe integers", "9007199254740992"]]),
          },
        ),
      ),
      held: optional(badIds),
      ...statement,
    },
  },
  register: {
    message: { type: "register", component: "x" },
    fields: {
      ...contender,
      try: optional([
        ["not true", "false"],
        ["a number", "1"],
        ["null", "null"],
      ]),
      ...perhapsStatement,
    },
  },
  deregister: { message: { type: "deregister", component: "x" }, fields: { component: required(badName) } },
  renew: {
    message: { type: "renew", sentAt: 1, held: [] },
    fields: { ...statement, held: required(badIds) },
  },
  confirm: {
    message: { type: "confirm", id: "i", component: "x", leaderSessionId: "l" },
    fields: {
      id: required(badId),
      component: required(badName),
      leaderSessionId: required(badId),
      address: optional(badAddress),
      metadata: optional(badMetadata),
    },
  },
  resign: {
    message: { type: "resign", leaderSessionId: "l" },
    fields: { leaderSessionId: required(badId), successor: optional(badId), ...perhapsStatement },
  },
  release: {
    message: { type: "release", leaderSessionId: "l" },
    fields: { leaderSessionId: required(badId), ...perhapsStatement },
  },
  priority: {
    message: { type: "priority", priority: 1 },
    fields: { priority: required(badPriority), component: optional(badName) },
  },
  observe: { message: { type: "observe", components: ["x"] }, fields: { components: required(badNames) } },
  unobserve: { message: { type: "unobserve", components: ["x"] }, fields: { components: required(badNames) } },
  bye: { message: { type: "bye" }, fields: {} },
};

const badFields = Object.values(descriptions).flatMap(({ message, fields }): BadFrame[] =>
  Object.entries<Kind>(fields).flatMap(([name, kind]) =>
    wrongIn(message, name, kind).map(([what, frame, inside]) => ({
      type: message.type,
      what,
      frame,
      field: (inside ?? "").replace(/^\./, ""),
    })),
  ),
);

const other = (what: string, frame: string, field: string): BadFrame => ({ type: "other", what, frame, field });

export const badFrames: readonly BadFrame[] = [
  ...badFields,
  ...["null", "1", '"hello"', "true", "[]", '[{"type":"bye"}]'].map((frame) =>
    other(`not an object: ${frame}`, frame, ""),
  ),
  ...["", " ", "{", "ping", "undefined", "NaN", "{'type':'bye'}", '{"type":"bye"}x', "\u0000"].map((frame) =>
    other(`not JSON: ${JSON.stringify(frame)}`, frame, ""),
  ),
  ...["{}", '{"type":null}', '{"type":1}', '{"type":["bye"]}', '{"Type":"bye"}'].map((frame) =>
    other(`no type: ${frame}`, frame, "type"),
  ),
  ...["", "Bye", "welcome", "constructor", "__proto__", "toString", "hasOwnProperty"].map((type) =>
    other(`unknown type: ${type}`, JSON.stringify({ type }), "type"),
  ),
];

/** The names of all fields of all messages. */
export const fieldNames: readonly string[] = [
  ...new Set(Object.values(descriptions).flatMap(({ fields }) => Object.keys(fields))),
];

/** The smallest frame of each type that is right. */
export const goodMessages: readonly ClientMessage[] = Object.values(descriptions).map(({ message }) => message);
