/** Foreign mutants that nothing finds, and why that is right. */
import type { Mutation } from "./mutations.ts";

interface Survivor extends Pick<Mutation, "within" | "from" | "to"> {
  readonly file: string;
  /** Needed where several lines of the file read the same. */
  readonly behind?: string;
  /** `nothing`: whatever comes, it does the same. `no safety`: it does something else, and no rule S1-S20 speaks of that. */
  readonly changes: "nothing" | "no safety";
  readonly reason: string;
}

export const survivors: readonly Survivor[] = [
  {
    file: "worker/group/attachment-check.ts",
    within: "const LATEST = 8.64e15;",
    from: "8.64e15",
    to: "(8640000000000000 * 2)",
    changes: "nothing",
    reason: "no clock shows such a time: the check is for numbers that are no times",
  },
  {
    file: "worker/group/frames.ts",
    within: "function mayPass(turn: Turn, connection: Connection, { frame, characters = 0 }: FrameEvent): boolean {",
    from: "0",
    to: "1",
    changes: "nothing",
    reason: "frames are counted by each 16,384 characters: none and one are the same",
  },
  {
    file: "worker/group/idle.ts",
    within: "epoch > 0 || revision > 0 || touched.sessions.size > 0;",
    from: "epoch > 0 || revision > 0",
    to: "(epoch > 0)",
    changes: "no safety",
    reason:
      "a group without an epoch has a revision only by an order to resume it: then its idle time begins with its next session",
  },
  {
    file: "worker/group/terms.ts",
    within: "const AWAITED_SILENCES = 3;",
    from: "3",
    to: "(3 * 2)",
    changes: "no safety",
    reason: "how long an operator waits for the answer that nobody took over; the revoke itself is not delayed",
  },
  {
    file: "worker/callers/core/calls.ts",
    within: "const longestMs = isHolding && draft.lease !== null ? draft.lease.renewDeadlineMs / 8 : RETRY.longestMs;",
    from: "isHolding && draft.lease !== null",
    to: "(isHolding) || (draft.lease !== null)",
    changes: "no safety",
    reason:
      "who holds nothing asks more often than it need while calls fail: it costs rows; who holds something has a lease",
  },
  {
    file: "worker/callers/core/calls.ts",
    within: "...(priority !== undefined && { priority }),",
    from: "priority !== undefined && { priority }",
    to: "({ priority })",
    changes: "nothing",
    reason: "a field that is undefined is read as one that is absent",
  },
  {
    file: "worker/callers/core/calls.ts",
    within: "succeed(draft);",
    behind: 'function released(draft: Draft, { release }: Extract<Request, { type: "release" }>): void {',
    from: "succeed(draft);",
    to: ";",
    changes: "no safety",
    reason: "after a farewell that was answered the pauses go on from the failures before it",
  },
  {
    file: "worker/callers/core/calls.ts",
    within: "draft.nextAt = Math.min(draft.nextAt, draft.now);",
    from: "Math.min",
    to: "Math.max",
    changes: "no safety",
    reason: "what is given back by a call that is lost is free with the next poll, not with a call at once",
  },
  {
    file: "worker/callers/core/draft.ts",
    within: "if (!hasStopped(draft)) draft.farewells = [...draft.farewells, term.farewell];",
    from: "!hasStopped(draft)",
    to: "true",
    changes: "nothing",
    reason: "the goodbye comes before every farewell, and clears them",
  },
  {
    file: "worker/durable-object/bookmarks.ts",
    within: "const RESTART_AFTER_MS = 1_000;",
    from: "1_000",
    to: "0",
    changes: "no safety",
    reason:
      "who restores may hear that the object restarts before it hears that it was restored; nothing is granted before it has",
  },
  {
    file: "worker/durable-object/index-entry.ts",
    within: "if (!listed || this.#wanted !== null) return;",
    from: "!listed || this.#wanted !== null",
    to: "(!listed)",
    changes: "no safety",
    reason: "the index of groups is told later that a group is there, where its purge comes meanwhile",
  },
  {
    file: "worker/durable-object/platform.ts",
    within: "setTimeout(run, 0);",
    from: "0",
    to: "1",
    changes: "nothing",
    reason: "nobody is promised a time: what comes first does the same",
  },
  {
    file: "worker/durable-object/store.ts",
    within: 'typeof entry[1] === "number" && entry[1] >= 0 && entry[1] <= Number.MAX_SAFE_INTEGER;',
    from: 'typeof entry[1] === "number" && entry[1] >= 0 && entry[1] <= Number.MAX_SAFE_INTEGER',
    to: '(typeof entry[1] === "number" && entry[1] >= 0)',
    changes: "no safety",
    reason: "a stored counter that is too large to be one is shown",
  },
  {
    file: "worker/group/row-checks.ts",
    within: "leaseMs: number(0, MAX_LEASE_MS),",
    behind: "grantedAt: time,",
    from: "0",
    to: "1",
    changes: "nothing",
    reason: "no policy allows a lease of less than a millisecond",
  },
  {
    file: "worker/group/terms.ts",
    within: 'const revoked = state.type === "revoking" ? state : null;',
    from: 'state.type === "revoking" ? state : null',
    to: "(state)",
    changes: "nothing",
    reason: "a term that was not revoked has neither reason nor note: the check is for the compiler",
  },
  {
    file: "worker/group/transition.ts",
    within: 'return term === undefined || change.table !== "election" || term !== termIn(after, change.key);',
    from: 'term === undefined || change.table !== "election"',
    to: "(term === undefined)",
    changes: "nothing",
    reason: "only a change of an election has a term: the check is for the compiler",
  },
  {
    file: "worker/host/counters.ts",
    within:
      "export const MARGIN_BOUNDS_MS = [100, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, Infinity] as const;",
    from: "100",
    to: "0",
    changes: "no safety",
    reason: "where the metrics draw a line between margins of renewals",
  },
  {
    file: "worker/host/host.ts",
    within: "this.#counting.forget();",
    from: "this.#counting.forget();\n    this.#settings = { ...this.#settings, isStored: false };",
    to: "this.#settings = { ...this.#settings, isStored: false }; this.#counting.forget();",
    changes: "nothing",
    reason: "neither reads the other",
  },
  {
    file: "worker/host/host.ts",
    within: "this.#alarmAt = null;",
    from: "this.#alarmAt = null;\n    this.#counting.own.alarms += 1;",
    to: "this.#counting.own.alarms += 1; this.#alarmAt = null;",
    changes: "nothing",
    reason: "neither reads the other",
  },
  {
    file: "shared/holder/holder.ts",
    within: 'if (term) revoke(draft, term, "closed", [contender], "closing");',
    from: "term",
    to: "true",
    changes: "nothing",
    reason: "whatever is granted is granted in a term that is there: the check is for the compiler",
  },
  {
    file: "shared/holder/state.ts",
    within: 'return term?.stage === "leading" ? term : null;',
    from: 'term?.stage === "leading" ? term : null',
    to: "(term)",
    changes: "nothing",
    reason: "a term revokes what is granted in it when it ends, so that nothing is granted in one that ends",
  },
  {
    file: "shared/holder/state.ts",
    within: 'return phase.type === "granted" || isStopping(phase) ? phase.leaderSessionId : null;',
    from: 'phase.type === "granted" || isStopping(phase) ? phase.leaderSessionId : null',
    to: "(phase.leaderSessionId)",
    changes: "nothing",
    reason: "the other phases have none, and what is undefined equals no id either",
  },
  {
    file: "client/session/connection.ts",
    within: "failures === 0 ? spreadMs * random : (spreadMs * (1 + random)) / 2;",
    from: "1 + random",
    to: "1 - random",
    changes: "no safety",
    reason: "when a large crowd that was closed together comes back after its first attempts failed (N15)",
  },
  {
    file: "worker/callers/core/calls.ts",
    within: 'return typeof accept === "object" ? accept : [];',
    from: 'typeof accept === "object" ? accept : []',
    to: "(accept)",
    changes: "nothing",
    reason: "this core accepts by a list of elections in each campaign: the check is for the compiler",
  },
  {
    file: "worker/callers/core/calls.ts",
    within: "draft.changesTold = Math.max(draft.changesTold, changes);",
    from: 'draft.changesTold = Math.max(draft.changesTold, changes);\n  draft.contenders = draft.contenders.filter(({ id, phase }) => phase.type !== "gone" || named.has(id));',
    to: 'draft.contenders = draft.contenders.filter(({ id, phase }) => phase.type !== "gone" || named.has(id)); draft.changesTold = Math.max(draft.changesTold, changes);',
    changes: "nothing",
    reason: "neither reads the other",
  },
  {
    file: "worker/callers/core/state.ts",
    within: "quietUntil: 0,",
    from: "0",
    to: "1",
    changes: "nothing",
    reason: "no clock shows the first millisecond of 1970: nobody is quiet at the start",
  },
  {
    file: "worker/host/host.ts",
    within: "this.#startSoon();",
    behind: "}",
    from: "this.#startSoon();",
    to: ";",
    changes: "no safety",
    reason:
      "the end of a socket that the group gave up is known with the next event, which is the end of that socket at the latest",
  },
  {
    file: "worker/group/ranks.ts",
    within: "turn.mayMove(name);",
    from: "turn.mayMove(name);",
    to: ";",
    changes: "no safety",
    reason: "an election that could move to whoever leads fewer is looked at later (D4)",
  },
  {
    file: "shared/holder/holder.ts",
    within: "if (granted.length === 0) return;",
    from: "granted.length === 0",
    to: "false",
    changes: "no safety",
    reason: "a revoke that names no contender: nobody is called by it",
  },
  {
    file: "shared/holder/holder.ts",
    within: "(one) => one.election === election && isLive(one) && !one.ready && !draft.transport.isUncounted(one),",
    from: "one.election === election && isLive(one) && !one.ready && !draft.transport.isUncounted(one)",
    to: "(one.election === election && isLive(one) && !one.ready)",
    changes: "no safety",
    reason: "what the group refuses and is not ready keeps its siblings from leading: fewer lead, never more",
  },
  {
    file: "worker/host/counters.ts",
    within:
      "export const MARGIN_BOUNDS_MS = [100, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, Infinity] as const;",
    from: "32_000",
    to: "0",
    changes: "no safety",
    reason: "where the metrics draw a line between margins of renewals",
  },
  {
    file: "worker/host/sockets.ts",
    within: "return { connection, answeredAt: socket === undefined ? null : this.#port.answeredAt(socket) };",
    from: "socket === undefined ? null : this.#port.answeredAt(socket)",
    to: "(this.#port.answeredAt(socket))",
    changes: "nothing",
    reason:
      "the core is told of every socket that has ended before it looks at the others: the check is for the compiler",
  },
  {
    file: "worker/callers/core/calls.ts",
    within: "if (attempt > draft.attemptsReserved) draft.attemptsReserved = attempt + RESERVED_ATTEMPTS - 1;",
    from: "attempt > draft.attemptsReserved",
    to: "attempt >= draft.attemptsReserved",
    changes: "no safety",
    reason: "the next attempts are reserved with the last of those before, one call before they are needed",
  },
  {
    file: "worker/callers/core/transition.ts",
    within: "finish(draft);",
    from: "finish(draft);\n  grantWaiting(draft);",
    to: "grantWaiting(draft); finish(draft);",
    changes: "nothing",
    reason:
      "a term names none whom the group refuses, so that none that could be granted by it ends here; ends of terms are no effects of this core",
  },
  {
    file: "client/session/transition.ts",
    within: "resignUnready(draft);",
    from: "resignUnready(draft);\n  finishTerms(draft);",
    to: "finishTerms(draft); resignUnready(draft);",
    changes: "no safety",
    reason: "a term in which nobody has anything to stop is given back by the next event, which is due at once",
  },
  {
    file: "client/session/contenders.ts",
    within:
      'return draft.contenders.find(({ info, standing }) => info.component === component && standing.type === "asked");',
    from: 'info.component === component && standing.type === "asked"',
    to: "(info.component === component)",
    changes: "nothing",
    reason:
      "the group answers what it was asked, and that was about the first of the component: those behind it wait until it has gone",
  },
  {
    file: "client/session/connection.ts",
    within:
      "const checkAt = laterAt === null ? now + session.checkEveryMs * (0.9 + draft.random / 5) : connection.checkAt;",
    from: "0.9 + draft.random / 5",
    to: "0.9 - draft.random / 5",
    changes: "no safety",
    reason: "who does not lead shows a sign of life somewhat more often",
  },
  {
    file: "client/session/connection.ts",
    within: 'if (!session || connection.type !== "open") return;',
    behind: "const { session, now, connection } = draft;",
    from: '!session || connection.type !== "open"',
    to: '(connection.type !== "open")',
    changes: "nothing",
    reason: "an open connection has a session: the check is for the compiler",
  },
  {
    file: "worker/host/sockets.ts",
    within: "this.#ended.add(socket);",
    behind: "if (socket === undefined) return;",
    from: "this.#ended.add(socket);\n    this.#port.close(socket, code, reason);",
    to: "this.#port.close(socket, code, reason); this.#ended.add(socket);",
    changes: "nothing",
    reason: "the platform calls nobody back while it closes a socket",
  },
  {
    file: "shared/holder/state.ts",
    within: "if (contenders.some((one) => one.election === election && isLive(one))) first = Math.min(first, until);",
    from: "one.election === election && isLive(one)",
    to: "(one.election === election)",
    changes: "no safety",
    reason: "a timer goes off for one that leaves anyhow",
  },
  {
    file: "shared/holder/holder.ts",
    within: "(one) => one.election === election && isLive(one) && !one.ready && !draft.transport.isUncounted(one),",
    from: "one.election === election && isLive(one)",
    to: "(one.election === election)",
    changes: "no safety",
    reason: "what leaves and is not ready keeps its siblings from leading until it has stopped: fewer lead, never more",
  },
  {
    file: "worker/callers/core/calls.ts",
    within: "tried.length > 0 && leaderships.length === 0 ? null : { sessionId, secret };",
    from: "tried.length > 0 && leaderships.length === 0 ? null : { sessionId, secret }",
    to: "({ sessionId, secret })",
    changes: "no safety",
    reason: "after a try that has come to nothing a goodbye is said for a session that the group does not keep",
  },
];

type Place = Pick<Mutation, "within" | "behind" | "from" | "to">;

export const isAbout = (survivor: Survivor, { within, behind, from, to }: Place): boolean =>
  survivor.within === within &&
  (survivor.behind === undefined || survivor.behind === behind) &&
  survivor.from === from &&
  survivor.to === to;

export const survivorFor = (file: string, place: Place): Survivor | undefined =>
  survivors.find((one) => one.file === file && isAbout(one, place));
