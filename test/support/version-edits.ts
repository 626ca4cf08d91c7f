/**
 * Versions next to the present one, made from its sources: no release exists yet that could be built, and a fresh clone may
 * have no history. `earlier` lacks what the present one could have added last, `later` has added something everywhere.
 */
import type { Edit } from "../../tools/harness/edited-sources.ts";

const edit = (file: string, from: string, to: string): Edit => ({ file, from, to });

/** An option, a limit and larger values of one, optional fields of frames and rows, a method and a field of a status. */
export const earlier: readonly Edit[] = [
  edit(
    "worker/group/policy.ts",
    '"horizonAheadMs", "idleTtlMs", "preempt", "prefer", "spread", "limits",',
    '"idleTtlMs", "preempt", "limits",',
  ),
  edit(
    "worker/group/policy.ts",
    "const { horizonAheadMs = DEFAULT_HORIZON_AHEAD_MS } = options;",
    "const horizonAheadMs = DEFAULT_HORIZON_AHEAD_MS;",
  ),
  edit("worker/http/env-policy.ts", "...(PREFER && { prefer: preferenceFrom(PREFER) }),", ""),
  edit("worker/http/env-policy.ts", "...(SPREAD && { spread: spreadFrom(SPREAD) }),", ""),
  edit("worker/http/env-policy.ts", "...(HORIZON_AHEAD_MS && { horizonAheadMs: Number(HORIZON_AHEAD_MS) }),", ""),
  edit(
    "worker/http/env-policy.ts",
    "limits: limitsFrom(LIMITS) }",
    "limits: (({ confirms: _, ...known }) => known)(limitsFrom(LIMITS)) }",
  ),
  edit("worker/group/policy.ts", "rows: 2_000, confirms: 512,", "rows: 2_000,"),
  edit("worker/group/policy.ts", "const limits = {", "const limits = { confirms: 512,"),
  edit("worker/group/policy.ts", '["helloTimeoutMs", 60_000],', '["helloTimeoutMs", 15_000],'),
  edit(
    "shared/protocol/client-codec.ts",
    "successor: optional(id), sentAt: optional(sentAt), busy,",
    "successor: optional(id),",
  ),
  edit("shared/protocol/client-codec.ts", "try: optional(oneOf(true)), sentAt: optional(sentAt), busy,", ""),
  edit("worker/callers/calls.ts", "try: optional(boolean),", ""),
  edit(
    "shared/protocol/server-codec.ts",
    "rows: optional(count), confirms: optional(count),",
    "rows: optional(count),",
  ),
  edit("worker/group/row-checks.ts", "subject: optional(nullable(words)),", ""),
  edit("worker/durable-object/election-group.ts", "electionStatus({ election,", "electionStatusOfThen({ election,"),
  edit("worker/group/views.ts", "ready: queue.size,", ""),
];

/** Unknown fields in every frame, row, call, header, access and answer; an option, a limit and a column. */
export const later: readonly Edit[] = [
  edit("shared/protocol/codec.ts", "JSON.stringify(message)", 'JSON.stringify({ ...message, colour: "red" })'),
  edit("worker/group/policy.ts", 'const OPTIONS = [ "leaseMs",', 'const OPTIONS = ["colour", "leaseMs",'),
  edit("worker/group/policy.ts", "rows: 2_000, confirms: 512,", "rows: 2_000, confirms: 512, colours: 7,"),
  edit(
    "worker/http/env-policy.ts",
    "...(LIMITS && { limits: limitsFrom(LIMITS) }),",
    'colour: "red", limits: { colours: 9, ...(LIMITS && limitsFrom(LIMITS)) },',
  ),
  edit(
    "worker/http/interface.ts",
    "interfaceVersion: INTERFACE_VERSION,",
    'interfaceVersion: INTERFACE_VERSION, colour: "red",',
  ),
  edit("worker/http/upgrade.ts", 'Upgrade: "websocket",', 'Upgrade: "websocket", "Edge-Election-Colour": "red",'),
  edit("worker/http/admission.ts", "): Access => ({ role,", '): Access => ({ colour: "red", role,'),
  edit("worker/callers/local-elections.ts", "request: call }", 'request: { ...call, colour: "red" } }'),
  edit(
    "worker/durable-object/store.ts",
    "row: JSON.stringify(row) });",
    'row: JSON.stringify({ ...row, colour: "red" }) });',
  ),
  edit("worker/durable-object/store.ts", "row TEXT NOT NULL)", "row TEXT NOT NULL, colour TEXT)"),
  edit("worker/group/views.ts", "return { ...identity, epoch,", 'return { colour: "red", ...identity, epoch,'),
];

/** What each side would get wrong has changed: it can't work with the present version. */
export const incompatible: readonly Edit[] = [
  edit("worker/http/interface.ts", "export const INTERFACE_VERSION = 1;", "export const INTERFACE_VERSION = 2;"),
  edit("worker/http/interface.ts", "const OLDEST_INTERFACE = 1;", "const OLDEST_INTERFACE = 2;"),
];
