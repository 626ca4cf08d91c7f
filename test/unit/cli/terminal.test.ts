import { expect, test } from "vitest";
import { placeIn, waitingText } from "../../../cli/run/progress.ts";
import { createReporter } from "../../../cli/run/reports.ts";
import { isColoured, painter, table } from "../../../cli/terminal.ts";

test("colour: on a terminal only, and not where NO_COLOR or a dumb terminal says no", () => {
  expect(isColoured({ isTTY: true }, {})).toBe(true);
  expect(isColoured({ isTTY: true }, { NO_COLOR: "" })).toBe(true);
  expect(isColoured({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
  expect(isColoured({ isTTY: true }, { TERM: "dumb" })).toBe(false);
  expect(isColoured({}, {})).toBe(false);
  expect(painter(true)("red", "no")).toBe("\u001b[31mno\u001b[0m");
  expect(painter(false)("red", "no")).toBe("no");
});

test("a table has columns as wide as their widest cell", () => {
  expect(table([["A", "B"], ["long", "x"], ["y"]])).toBe("A     B\nlong  x\ny");
});

function terminal(isTTY: boolean): { isTTY: boolean; written: string; write(text: string): void } {
  return {
    isTTY,
    written: "",
    write(text) {
      this.written += text;
    },
  };
}

test("progress is one line in place, on a terminal only, and gives way to what happens", () => {
  const [screen, file] = [terminal(true), terminal(false)];
  for (const output of [screen, file]) {
    const reporter = createReporter(output, { json: false, quiet: false });
    reporter.progress("waiting\u001b[2J");
    reporter.progress("still waiting");
    reporter.report({ event: "leading", epoch: 7, leaderSessionId: "a" });
  }

  const lines = [
    "edge-election: waiting‹U+001B›[2J",
    "edge-election: still waiting",
    "edge-election: leading with epoch 7\n",
  ];
  expect(screen.written).toBe(lines.join("\r\u001b[K"));
  expect(file.written).toBe("edge-election: leading with epoch 7\n");
});

test("progress shows the leader, and the place in the queue where it is known", () => {
  const leader = { component: "a", leaderSessionId: "s", epoch: 7, process: "node-1" };
  const candidate = { process: null, priority: 0, components: ["a"], ready: true };
  const status = {
    election: "process" as const,
    state: "leading" as const,
    leader: null,
    vacantMs: null,
    remainingMs: 1,
    waiting: 2,
    ready: 2,
    candidates: [
      { ...candidate, sessionId: "one" },
      { ...candidate, sessionId: "two" },
    ],
  };

  expect(waitingText("a", null, undefined)).toBe("waiting for a: nobody leads");
  expect(waitingText("a", leader, placeIn(status, "two"))).toBe(
    "waiting for a: node-1 leads, epoch 7; place 2 of 2 in the queue",
  );
  expect(placeIn(status, "three")).toBeUndefined();
  expect(waitingText("a", leader, placeIn({ ...status, waiting: 300 }, "three"))).toBe(
    "waiting for a: node-1 leads, epoch 7; one of 300 in the queue",
  );
});
