import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { ElectionProvider, type LeaderState, useLeader } from "../../../client/react/index.ts";
import { FakeGroup, settle } from "./fake-group.ts";

const seen: LeaderState[] = [];
function Sign() {
  const state = useLeader("x");
  seen.push(state);
  return state.leader ? "led" : "not known";
}

test("[E1] on a server nothing is known, and nothing is connected", async () => {
  const group = new FakeGroup();
  const html = renderToString(createElement(ElectionProvider, { client: group.client() }, createElement(Sign)));
  await settle();
  expect(html).toBe("not known");
  expect(seen).toEqual([{}]);
  expect(group.sockets).toEqual([]);
});

test("without a provider the hook says what is missing", () => {
  expect(() => renderToString(createElement(Sign))).toThrow("needs an ElectionProvider");
});
