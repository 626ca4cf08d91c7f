/** Any message of either direction, for properties. */
import fc from "fast-check";
import type { ClientMessage, LeaderInformation, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";

/** fast-check writes absent fields by leaving them out, as the protocol does. */
const shape = <T>(fields: { [K in keyof T]-?: fc.Arbitrary<Exclude<T[K], undefined>> }, required: (keyof T)[]) =>
  fc.record(fields, { requiredKeys: required }) as fc.Arbitrary<T>;

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

const process = shape<NonNullable<Extract<ClientMessage, { type: "hello" }>["process"]>>(
  { name: text, address: text, metadata },
  [],
);
const resume = fc.record({ sessionId: id, secret: id, attempt: fc.nat() });
const contender = shape<NonNullable<Extract<ClientMessage, { type: "hello" }>["contenders"]>[number]>(
  { component: name, election: kind, priority },
  ["component"],
);

type ClientTypes = { readonly [T in ClientMessage["type"]]: fc.Arbitrary<Extract<ClientMessage, { type: T }>> };
const clientTypes: ClientTypes = {
  hello: shape(
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
    ["type", "sentAt"],
  ),
  register: shape(
    {
      type: tag("register"),
      component: name,
      election: kind,
      priority,
      try: fc.constant<true>(true),
      sentAt: anyNumber,
      busy: elections,
    },
    ["type", "component"],
  ),
  deregister: fc.record({ type: tag("deregister"), component: name }),
  renew: shape({ type: tag("renew"), sentAt: anyNumber, held: ids, busy: elections }, ["type", "sentAt", "held"]),
  confirm: shape({ type: tag("confirm"), id, component: name, leaderSessionId: id, address: text, metadata }, [
    "type",
    "id",
    "component",
    "leaderSessionId",
  ]),
  resign: shape({ type: tag("resign"), leaderSessionId: id, successor: id, sentAt: anyNumber, busy: elections }, [
    "type",
    "leaderSessionId",
  ]),
  release: shape({ type: tag("release"), leaderSessionId: id, sentAt: anyNumber, busy: elections }, [
    "type",
    "leaderSessionId",
  ]),
  priority: shape({ type: tag("priority"), priority, component: name }, ["type", "priority"]),
  observe: fc.record({ type: tag("observe"), components: watch }),
  unobserve: fc.record({ type: tag("unobserve"), components: watch }),
  bye: fc.record({ type: tag("bye") }),
};
export const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(...Object.values(clientTypes));

const leader = shape<LeaderInformation>(
  { component: name, leaderSessionId: id, epoch: ms, address: text, metadata, process: text },
  ["component", "leaderSessionId", "epoch"],
);
const limits = fc.record(
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
  { requiredKeys: ["messageBytes", "messagesPerSecond", "contenders", "observed", "metadataBytes"] },
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
  welcome: fc.record({
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
    limits,
  }),
  registered: shape({ type: tag("registered"), component: name, try: fc.constant<true>(true) }, ["type", "component"]),
  tried: fc.record({
    type: tag("tried"),
    component: name,
    leader: fc.option(fc.record({ sessionId: id, process: fc.option(text), leaderSessionId: id, epoch: ms })),
  }),
  deregistered: fc.record({ type: tag("deregistered"), component: name }),
  grant: fc.oneof(
    fc.record({ ...granted, joined: fc.constant<false>(false), sentAt: anyNumber }),
    fc.record({ ...granted, joined: fc.constant<true>(true) }),
  ),
  next: fc.record({ type: tag("next"), inMs: ms }),
  renewed: fc.record({ type: tag("renewed"), sentAt: anyNumber, held: ids }),
  revoke: fc.record({
    type: tag("revoke"),
    leaderSessionId: id,
    reason: fc.constantFrom("revoked", "preempted", "transferred"),
    drainMs: ms,
  }),
  confirmed: fc.record({ type: tag("confirmed"), id, component: name, leaderSessionId: id }),
  leaders: shape(
    {
      type: tag("leaders"),
      revision: ms,
      snapshot: fc.boolean(),
      all: fc.boolean(),
      leaders: fc.array(fc.record({ component: name, leader: fc.oneof(fc.constant(null), leader) }), { maxLength: 4 }),
    },
    ["type", "revision", "snapshot", "leaders"],
  ),
  error: shape({ type: tag("error"), code: errorCode, message: text, id: text, component: text, observed: watch }, [
    "type",
    "code",
    "message",
  ]),
};
export const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(...Object.values(serverTypes));
