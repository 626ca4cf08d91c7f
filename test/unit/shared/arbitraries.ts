/** Any message of either direction, for properties. */
import fc from "fast-check";
import type { GroupLimits, Limits } from "../../../shared/protocol/limits.ts";
import type {
  Bye,
  ClientMessage,
  Confirm,
  Confirmed,
  ContenderInfo,
  Deregister,
  Deregistered,
  Hello,
  LeaderInformation,
  Leaders,
  Next,
  Observe,
  Priority,
  ProcessInfo,
  Refusal,
  Register,
  Registered,
  Release,
  Renew,
  Renewed,
  Resign,
  Resume,
  Revoke,
  ServerMessage,
  Tried,
  Unobserve,
  Welcome,
} from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";

type OptionalOf<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];

/**
 * Total by type: a new field does not compile before it stands here. `T` has to be named. fast-check writes absent fields by
 * leaving them out, as the protocol does.
 */
const shape = <T = never>(
  fields: { [K in keyof NoInfer<T>]-?: fc.Arbitrary<Exclude<T[K], undefined>> },
  ...optional: readonly OptionalOf<NoInfer<T>>[]
): fc.Arbitrary<T> => {
  const isRequired = (key: keyof T): boolean => !(optional as readonly (keyof T)[]).includes(key);
  return fc.record(fields, {
    requiredKeys: (Object.keys(fields) as (keyof T)[]).filter(isRequired),
  }) as fc.Arbitrary<T>;
};

const name = fc
  .stringMatching(/^[A-Za-z0-9._:/-]{1,128}$/)
  .filter((text) => text !== "." && text !== ".." && text.length <= 128);
const id = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
const text = fc.string({ unit: "binary", maxLength: 60 });
/** JSON has one zero. */
const positive = (value: number) => (value === 0 ? 0 : value);
const anyNumber = fc.double({ noNaN: true, noDefaultInfinity: true }).map(positive);
const ms = fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true }).map(positive);
const priority = fc.double({ min: -1_000_000, max: 1_000_000, noNaN: true }).map(positive);
const metadata = fc.dictionary(text, text, { maxKeys: 4 });
const ids = fc.array(id, { maxLength: 5 });
const names = fc.array(name, { maxLength: 5 });
const watch = fc.oneof(fc.constant<true>(true), names);
const election = fc.oneof(
  fc.constant<ElectionName>("process"),
  name.map((component): ElectionName => `component:${component}`),
);
const elections = fc.array(election, { maxLength: 5 });
const kind = fc.constantFrom("process", "dedicated");
const tag = <const T extends string>(type: T) => fc.constant(type);

const process = shape<ProcessInfo>({ name: text, address: text, metadata }, "name", "address", "metadata");
const resume = shape<Resume>({ sessionId: id, secret: id, attempt: fc.nat() });
const contender = shape<ContenderInfo>({ component: name, election: kind, priority }, "election", "priority");

type ClientTypes = { readonly [T in ClientMessage["type"]]: fc.Arbitrary<Extract<ClientMessage, { type: T }>> };
const clientTypes: ClientTypes = {
  hello: shape<Hello>(
    {
      type: tag("hello"),
      process,
      priority,
      contenders: fc.array(contender, { maxLength: 5 }),
      observe: watch,
      resume,
      held: ids,
      sentAt: anyNumber,
      busy: elections,
    },
    "process",
    "priority",
    "contenders",
    "observe",
    "resume",
    "held",
    "busy",
  ),
  register: shape<Register>(
    {
      type: tag("register"),
      component: name,
      election: kind,
      priority,
      try: fc.constant<true>(true),
      sentAt: anyNumber,
      busy: elections,
    },
    "election",
    "priority",
    "try",
    "sentAt",
    "busy",
  ),
  deregister: shape<Deregister>({ type: tag("deregister"), component: name }),
  renew: shape<Renew>({ type: tag("renew"), sentAt: anyNumber, held: ids, busy: elections }, "busy"),
  confirm: shape<Confirm>(
    { type: tag("confirm"), id, component: name, leaderSessionId: id, address: text, metadata },
    "address",
    "metadata",
  ),
  resign: shape<Resign>(
    { type: tag("resign"), leaderSessionId: id, successor: id, sentAt: anyNumber, busy: elections },
    "successor",
    "sentAt",
    "busy",
  ),
  release: shape<Release>(
    { type: tag("release"), leaderSessionId: id, sentAt: anyNumber, busy: elections },
    "sentAt",
    "busy",
  ),
  priority: shape<Priority>({ type: tag("priority"), priority, component: name }, "component"),
  observe: shape<Observe>({ type: tag("observe"), components: watch }),
  unobserve: shape<Unobserve>({ type: tag("unobserve"), components: watch }),
  bye: shape<Bye>({ type: tag("bye") }),
};
export const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(...Object.values(clientTypes));

const leader = shape<LeaderInformation>(
  { component: name, leaderSessionId: id, epoch: ms, address: text, metadata, process: text },
  "address",
  "metadata",
  "process",
);
const limits = shape<Limits & Partial<GroupLimits>>(
  {
    messageBytes: ms,
    messagesPerSecond: ms,
    contenders: ms,
    observed: ms,
    metadataBytes: ms,
    sessions: ms,
    observers: ms,
    sessionsPerSubject: ms,
    elections: ms,
    nameLength: ms,
    historyRows: ms,
    rows: ms,
    confirms: ms,
    jobs: ms,
    occurrences: ms,
    occurrenceMs: ms,
    helloTimeoutMs: ms,
  },
  "sessions",
  "observers",
  "sessionsPerSubject",
  "elections",
  "nameLength",
  "historyRows",
  "rows",
  "confirms",
  "jobs",
  "occurrences",
  "occurrenceMs",
  "helloTimeoutMs",
);
const errorCode = fc.constantFrom(
  "duplicate_component",
  "unknown_component",
  "election_mismatch",
  "not_leader",
  "limit_exceeded",
  "forbidden",
);

const granted = { type: tag("grant"), election, leaderSessionId: id, epoch: ms, components: names };

type ServerTypes = { readonly [T in ServerMessage["type"]]: fc.Arbitrary<Extract<ServerMessage, { type: T }>> };
export const serverTypes: ServerTypes = {
  welcome: shape<Welcome>(
    {
      type: tag("welcome"),
      version: fc.constant<1>(1),
      sessionId: id,
      secret: id,
      resumed: fc.boolean(),
      sentAt: anyNumber,
      held: ids,
      lease: fc.record({ durationMs: ms, renewDeadlineMs: ms, renewEveryMs: ms }),
      pingEveryMs: ms,
      answerTimeoutMs: ms,
      checkEveryMs: ms,
      askTimeoutMs: ms,
      drainMs: ms,
      spreadMs: ms,
      deployment: id,
      limits,
    },
    "spreadMs",
    "deployment",
  ),
  registered: shape<Registered>({ type: tag("registered"), component: name, try: fc.constant<true>(true) }, "try"),
  tried: shape<Tried>({
    type: tag("tried"),
    component: name,
    leader: fc.option(fc.record({ sessionId: id, process: fc.option(text), leaderSessionId: id, epoch: ms })),
  }),
  deregistered: shape<Deregistered>({ type: tag("deregistered"), component: name }),
  grant: fc.oneof(
    fc.record({ ...granted, joined: fc.constant<false>(false), sentAt: anyNumber }),
    fc.record({ ...granted, joined: fc.constant<true>(true) }),
  ),
  next: shape<Next>({ type: tag("next"), inMs: ms }),
  renewed: shape<Renewed>({ type: tag("renewed"), sentAt: anyNumber, held: ids, spreadMs: ms }, "spreadMs"),
  revoke: shape<Revoke>({
    type: tag("revoke"),
    leaderSessionId: id,
    reason: fc.constantFrom("revoked", "preempted", "transferred"),
    drainMs: ms,
  }),
  confirmed: shape<Confirmed>({ type: tag("confirmed"), id, component: name, leaderSessionId: id }),
  leaders: shape<Leaders>(
    {
      type: tag("leaders"),
      revision: ms,
      snapshot: fc.boolean(),
      all: fc.boolean(),
      leaders: fc.array(fc.record({ component: name, leader: fc.oneof(fc.constant(null), leader) }), { maxLength: 4 }),
    },
    "all",
  ),
  error: shape<Refusal>(
    { type: tag("error"), code: errorCode, message: text, id: text, component: text, observed: watch },
    "id",
    "component",
    "observed",
  ),
};
export const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(...Object.values(serverTypes));
