import { expect, test } from "vitest";
import { announcements } from "../../../worker/pages/dashboard/view/announcements.ts";
import { electionViews } from "../../../worker/pages/dashboard/view/elections.ts";
import { refusalMessage, revokedMessage } from "../../../worker/pages/dashboard/view/outcome.ts";
import { candidate, election, ledBy, status } from "./terms.ts";

const nobody = new Map<string, never>();

test("the process election comes first, then the others by name, and job2 before job10", () => {
  const elections = [election({ election: "component:job10" }), election({ election: "component:job2" }), election()];
  const views = electionViews(status(elections), nobody);
  expect(views.map(({ title }) => title)).toEqual(["Process election", "job2", "job10"]);
});

test("places count those that can be asked; the others have none", () => {
  const candidates = [candidate("A"), candidate("B", { priority: 3 }), candidate(null, { ready: false })];
  const [view] = electionViews(status([election({ candidates })]), nobody);
  expect(view?.queue.map(({ name, place, priority }) => [name, place, priority])).toEqual([
    ["A", 1, 0],
    ["B", 2, 3],
    ["unnamed session …", null, 0],
  ]);
  expect(view?.readyCount).toBe(2);
});

test("[O11] an election without a leader says why, and is not red unless somebody waits for a leader", () => {
  const viewOf = (given: Parameters<typeof election>[0], more: Parameters<typeof status>[1] = {}) =>
    electionViews(status([election(given)], more), nobody)[0];
  const why = (given: Parameters<typeof election>[0], paused = false): string | null | undefined =>
    viewOf(given, { paused })?.vacancy;
  const candidates = [candidate("A")];
  expect(viewOf({})).toMatchObject({ tone: "idle", stateLabel: "idle" });
  expect(viewOf({ candidates })).toMatchObject({ tone: "missing", stateLabel: "no leader" });
  expect(viewOf({ candidates }, { paused: true })).toMatchObject({ tone: "held", stateLabel: "on hold" });
  expect(viewOf({ candidates }, { holdOffMs: 3_000 })).toMatchObject({
    tone: "held",
    vacancy: "The group holds off: nobody is granted it until that is over.",
  });
  expect(why({})).toBe("Nobody contends for it.");
  expect(why({ candidates: [candidate("A")] })).toBe("The next in the queue is about to lead.");
  expect(why({ candidates: [candidate("A", { ready: false })] })).toBe("Nobody in the queue can lead now.");
  expect(why({ candidates: [candidate("A")] }, true)).toMatch(/^The group is paused/);
  expect(electionViews(status([ledBy("A", 1)]), nobody)[0]?.vacancy).toBeNull();
});

test("only what belongs to the present leadership counts as published, and its text is made legible", () => {
  const leaders = new Map([
    ["b", { component: "b", leaderSessionId: "leadership 1", epoch: 1, address: "x\u202ey", metadata: { "k\n": "v" } }],
    ["a", { component: "a", leaderSessionId: "leadership 1", epoch: 1 }],
    ["other", { component: "other", leaderSessionId: "leadership 0", epoch: 0 }],
  ]);
  const [view] = electionViews(status([ledBy("A", 1)]), leaders);
  expect(view?.published).toEqual([
    { component: "a", address: null, metadata: [] },
    { component: "b", address: "x‹U+202E›y", metadata: [["k‹U+000A›", "v"]] },
  ]);
});

test("announcements: a new leader, no leader, paused; nothing for what is seen first or stays", () => {
  const before = status([ledBy("A", 1)]);
  expect(announcements(null, before)).toEqual([]);
  expect(announcements(before, status([ledBy("A", 1)], { revision: 2 }))).toEqual([]);
  expect(announcements(before, status([ledBy("B", 2)]))).toEqual(["B leads the process election, epoch 2."]);
  expect(announcements(before, status([election()], { paused: true }))).toEqual([
    "Nobody leads the process election.",
    "The group is paused.",
  ]);
  expect(announcements(status([], { paused: true }), status([]))).toEqual(["The group is resumed."]);
});

test("an outcome names the processes, and says so where nobody or the same one took over", () => {
  const known = status([{ ...ledBy("A", 1), candidates: [candidate("B")] }]);
  const later = status([{ ...ledBy("B", 2), candidates: [candidate("C")] }]);
  const outcome = { from: "session of A", to: "session of B", epoch: 2, durationMs: 45 };
  expect(revokedMessage(outcome, [known])).toMatch(
    /^A handed over to B, which took over with epoch 2, after 45\sms\.$/,
  );
  expect(revokedMessage({ ...outcome, to: null }, [known])).toMatch(
    /^A has stepped down, after .* Nobody else took over; epoch 2/,
  );
  expect(revokedMessage({ ...outcome, to: outcome.from }, [known])).toMatch(/^A has stepped down, and took over again/);
  expect(revokedMessage({ ...outcome, passedOver: "session of C" }, [known, later])).toMatch(
    /^A handed over to B, .* C was passed over: it did not take over\.$/,
  );
  expect(revokedMessage({ ...outcome, from: "0123456789abc" }, [null])).toMatch(/^session 01234567… handed over/);
});

test.each([
  [401, "unauthorized", /Enter a valid token/],
  [403, "forbidden", /role admin/],
  [409, "not_led", /Nobody leads/],
  [0, "", /could not be reached/],
  [503, "unavailable", /refused the order \(503\): try again\./],
])("a refusal with %i says what helps", (code, name, remedy) => {
  expect(refusalMessage(code, name, "try again")).toMatch(remedy);
});
