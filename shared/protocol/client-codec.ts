/** Client-to-server messages as the server reads them. */
import {
  address,
  contenderFields,
  election,
  id,
  type MessageTable,
  metadata,
  name,
  parseFrame,
  priority,
  processInfo,
  secret,
  watchOf,
} from "./codec.ts";
import { list, number, object, oneOf, optional } from "./fields.ts";
import { LIST_ENTRIES, type Limits } from "./limits.ts";
import type {
  Bye,
  ClientMessage,
  Confirm,
  Deregister,
  Hello,
  Observe,
  Priority,
  Register,
  Release,
  Renew,
  Resign,
  Resume,
  Unobserve,
} from "./messages.ts";

const sentAt = number();
const held = list(id, LIST_ENTRIES);
const busy = optional(list(election, LIST_ENTRIES));
const watch = watchOf(LIST_ENTRIES);
const type = <const T extends string>(tag: T) => oneOf(tag);

/** Checks that no limit of the group changes: made once, and not at each wake-up of a group. */
const UNLIMITED: Omit<MessageTable<ClientMessage>, "hello" | "confirm"> = {
  register: object<Register>({
    type: type("register"),
    ...contenderFields,
    try: optional(oneOf(true)),
    sentAt: optional(sentAt),
    busy,
  }),
  deregister: object<Deregister>({ type: type("deregister"), component: name }),
  renew: object<Renew>({ type: type("renew"), sentAt, held, busy }),
  resign: object<Resign>({
    type: type("resign"),
    leaderSessionId: id,
    successor: optional(id),
    sentAt: optional(sentAt),
    busy,
  }),
  release: object<Release>({ type: type("release"), leaderSessionId: id, sentAt: optional(sentAt), busy }),
  priority: object<Priority>({ type: type("priority"), priority, component: optional(name) }),
  observe: object<Observe>({ type: type("observe"), components: watch }),
  unobserve: object<Unobserve>({ type: type("unobserve"), components: watch }),
  bye: object<Bye>({ type: type("bye") }),
};
const contenders = optional(list(object(contenderFields), LIST_ENTRIES));
const resume = optional(object<Resume>({ sessionId: id, secret, attempt: number(0, Number.MAX_SAFE_INTEGER) }));

const tableFor = ({ metadataBytes }: Pick<Limits, "metadataBytes">): MessageTable<ClientMessage> => ({
  ...UNLIMITED,
  hello: object<Hello>({
    type: type("hello"),
    process: optional(processInfo(metadataBytes)),
    priority: optional(priority),
    contenders,
    observe: optional(watch),
    resume,
    held: optional(held),
    sentAt,
    busy,
  }),
  confirm: object<Confirm>({
    type: type("confirm"),
    id,
    component: name,
    leaderSessionId: id,
    address: optional(address),
    metadata: optional(metadata(metadataBytes)),
  }),
});

/** A parser for the frames of clients. It throws `InvalidField` and nothing else, for any input. */
export function clientMessageParser(limits: Pick<Limits, "metadataBytes">): (frame: unknown) => ClientMessage {
  const table = tableFor(limits);
  return (frame) => parseFrame(frame, table);
}
