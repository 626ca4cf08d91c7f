/** What an answer about a group shows, and costs, at most. */
import { expect, test } from "vitest";
import { electionOf } from "../../../shared/protocol/names.ts";
import { runningTerms } from "../../../worker/group/history.ts";
import { createPolicy } from "../../../worker/group/policy.ts";
import { emptyGroup } from "../../../worker/group/rows.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import { transition } from "../../../worker/group/transition.ts";
import { electionStatus, groupStatus } from "../../../worker/group/views.ts";
import { entriesWalked } from "./walks.ts";
import { GroupWorld } from "./world.ts";

const NOW = 1_000_000;
const IDENTITY = { group: "g", deployment: "d" };

type Contender = { readonly component: string; readonly election?: "dedicated" };

/** Sessions that contend for the same; judged by no rule, so that they may be many. */
function crowd(sessions: number, contenders: readonly Contender[]): GroupState {
  let state = emptyGroup(createPolicy());
  for (let index = 0; index < sessions; index++) {
    const at = { now: NOW, nonce: `n${index}` };
    const connection = `c${index}`;
    const message = { type: "hello", sentAt: 1, contenders } as const;
    const secret = { secret: `s${index}`, hash: `h${index}` };
    const frame = { type: "hello", message, secret, presentedHash: null, deployment: "d" } as const;
    state = transition(state, { type: "connect", connection, ...at }).state;
    state = transition(state, { type: "frame", connection, frame, ...at }).state;
  }
  return state;
}

const dedicated = (count: number): Contender[] =>
  Array.from({ length: count }, (_, index) => ({
    component: `d${String(index).padStart(2, "0")}`,
    election: "dedicated",
  }));

test("[O8] an election shows its first 100 candidates and counts them all; the others come page by page, each once", () => {
  const state = crowd(251, [{ component: "x" }]);
  const pages = [0, 100, 200, 300].map((from) => electionStatus(state, "process", NOW, from));
  expect(pages.map(({ candidates }) => candidates.length)).toEqual([100, 100, 50, 0]);
  for (const page of pages) expect(page).toMatchObject({ waiting: 250, ready: 250 });
  const ids = pages.flatMap(({ candidates }) => candidates.map(({ sessionId }) => sessionId));
  expect(new Set(ids).size).toBe(250);
  expect(groupStatus(state, IDENTITY, NOW, null).elections).toEqual([pages[0]]);
});

test("[O8] a page of elections ends at 1,000 candidates, and the next one goes on from there", () => {
  const state = crowd(102, dedicated(25));
  const sizes: number[] = [];
  const names: string[] = [];
  for (let page = groupStatus(state, IDENTITY, NOW, null); ; page = groupStatus(state, IDENTITY, NOW, page.next)) {
    sizes.push(page.elections.length);
    names.push(...page.elections.map(({ election }) => election));
    expect(page.electionCount).toBe(25);
    if (page.next === null) break;
  }
  expect(sizes).toEqual([10, 10, 5]);
  expect(names).toEqual(dedicated(25).map(({ component }) => electionOf(component, "dedicated")));
});

test("[O8] a look-up walks over what it shows, and not over the group", () => {
  const state = crowd(202, dedicated(40));
  const walked = (look: () => unknown) => entriesWalked(() => void look());
  expect(walked(() => groupStatus(state, IDENTITY, NOW, null))).toBeLessThan(1_000 + 16);
  expect(walked(() => electionStatus(state, "component:d07", NOW, 100))).toBeLessThan(100 + 16);
});

test("[O8] a candidate shows its first 16 components", () => {
  const contenders = Array.from({ length: 40 }, (_, index) => ({ component: `c${index}` }));
  const [candidate] = electionStatus(crowd(2, contenders), "process", NOW, 0).candidates;
  expect(candidate?.components).toHaveLength(16);
});

test("[O8] a term keeps its last 16 confirmations: running, ended, and stored while it is revoked", () => {
  const group = new GroupWorld();
  const components = Array.from({ length: 40 }, (_, index) => `c${index}`);
  const a = group.join("a", { contenders: components });
  a.accept();
  for (const component of components) a.confirm(component);
  expect(runningTerms(group.state, 1)[0]?.confirmed).toHaveLength(16);
  for (const component of components.slice(0, 20)) a.deregister(component);
  expect(group.election()).toMatchObject({ confirmed: { length: 16 } });
  group.revoke("process");
  expect(group.election()).toMatchObject({ type: "revoking", confirmed: { length: 16 } });
  a.release();
  expect(group.history()[0]?.confirmed).toHaveLength(16);
});
