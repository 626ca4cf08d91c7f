/** One lane of the timeline: a name, and the spans of the range. */
import { type Item, keyedList, setText, textElement } from "./dom.ts";
import type { TimeRange } from "./view/time-range.ts";
import type { Bar, Gap } from "./view/timeline.ts";

export interface ShownLane {
  readonly key: string;
  readonly name: string;
  readonly tracks: number;
  readonly spans: readonly (Bar | Gap)[];
  readonly range: TimeRange;
  readonly selected: string | null;
}

interface ShownSpan {
  readonly span: Bar | Gap;
  /** A share of the lane's width. */
  readonly left: number;
  readonly width: number;
  readonly isSelected: boolean;
}

export function laneItem({ key }: ShownLane): Item<ShownLane> {
  const element = document.createElement("li");
  element.className = key === "gaps" ? "lane gaps" : "lane";
  const name = textElement("bdi", "lane-name", "");
  const track = document.createElement("div");
  track.className = "lane-track";
  element.append(name, track);
  const show = keyedList<ShownSpan>(track, ({ span }) => span.key, spanItem);
  return {
    element,
    update(lane) {
      setText(name, lane.name);
      name.title = lane.name;
      element.style.setProperty("--tracks", String(lane.tracks));
      show(shownSpans(lane));
    },
  };
}

/** The spans in the range, cut to it. */
function shownSpans({ spans, range: { from, to }, selected }: ShownLane): ShownSpan[] {
  const whole = to - from;
  return spans.flatMap((span) => {
    if (span.to < from || span.from > to) return [];
    const start = Math.max(span.from, from);
    const width = (Math.min(span.to, to) - start) / whole;
    return [{ span, left: (start - from) / whole, width, isSelected: span.key === selected }];
  });
}

function spanItem({ span }: ShownSpan): Item<ShownSpan> {
  const isBar = "kind" in span;
  const element = textElement("div", isBar ? "bar" : "gap", "");
  if (isBar) element.append(textElement("span", "", span.label));
  element.dataset["key"] = span.key;
  return {
    element,
    update({ span: now, left, width, isSelected }) {
      element.style.setProperty("--left", String(left));
      element.style.setProperty("--width", String(width));
      element.style.setProperty("--track", String(now.track));
      element.title = now.details;
      if ("kind" in now) element.dataset["kind"] = now.kind;
      element.classList.toggle("selected", isSelected);
    },
  };
}
