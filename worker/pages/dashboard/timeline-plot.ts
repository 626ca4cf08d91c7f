/** The timeline in the document: lanes, bars, gaps and round times; buttons, keys and the wheel move it. */
import { tickTime } from "./clock-time.ts";
import { byId, type Item, keyedList, onPress, setText } from "./dom.ts";
import { laneItem, type ShownLane } from "./timeline-lane.ts";
import { panned, showing, type TimeRange, ticks, zoomed } from "./view/time-range.ts";
import type { Bar, Gap, Timeline } from "./view/timeline.ts";
import { count } from "./view/words.ts";

const FIRST_LANES = 10;
const STEP = 0.6;
const SHARE = 0.25;
const MIDDLE = 0.5;
const WHEEL_STEP = 1.002;
const TICK_WIDTH_PX = 110;
const LABEL_WIDTH_PX = 72;
const MINUTE_MS = 60_000;
/** Sums of times have rounding errors. */
const NOTHING_MS = 1;
/** If the range ends this close to now, it follows the time. */
const AT_THE_END = 0.001;

export class TimelinePlot {
  readonly #plot = byId("timeline", HTMLElement);
  readonly #axis = byId("axis", HTMLElement);
  readonly #detail = byId("timeline-detail", HTMLElement);
  readonly #more = byId("more-lanes", HTMLButtonElement);
  readonly #showLanes = keyedList<ShownLane>(byId("lanes", HTMLElement), ({ key }) => key, laneItem);
  readonly #showTicks = keyedList<TickView>(this.#axis, ({ at }) => String(at), tickItem);
  #timeline: Timeline = { bounds: { from: 0, to: 1 }, lanes: [], gaps: [], gapTracks: 1 };
  /** Null: everything. */
  #range: TimeRange | null = null;
  #selected: string | null = null;
  #showsAllLanes = false;

  constructor() {
    this.#plot.tabIndex = 0;
    this.#onButtons();
    this.#plot.addEventListener("keydown", (event) => this.#onKey(event));
    this.#plot.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    this.#plot.addEventListener("click", ({ target }) => {
      const key = target instanceof Element ? target.closest<HTMLElement>("[data-key]")?.dataset["key"] : undefined;
      if (key !== undefined) this.#select(key);
    });
    new ResizeObserver(() => this.#render()).observe(this.#plot);
  }

  update(timeline: Timeline): void {
    const { bounds } = this.#timeline;
    const range = this.#range;
    if (range && range.to >= bounds.to - (bounds.to - bounds.from) * AT_THE_END) {
      this.#range = panned(range, (timeline.bounds.to - bounds.to) / (range.to - range.from), timeline.bounds);
    }
    this.#timeline = timeline;
    this.#render();
  }

  /** Clears it for another group. */
  reset(): void {
    this.#range = null;
    this.#selected = null;
    this.#showsAllLanes = false;
  }

  #onButtons(): void {
    onPress(byId("zoom-in", HTMLButtonElement), () => this.#zoom(STEP));
    onPress(byId("zoom-out", HTMLButtonElement), () => this.#zoom(1 / STEP));
    onPress(byId("earlier", HTMLButtonElement), () => this.#pan(-SHARE));
    onPress(byId("later", HTMLButtonElement), () => this.#pan(SHARE));
    onPress(byId("show-all", HTMLButtonElement), () => this.#set(null));
    onPress(this.#more, () => {
      this.#showsAllLanes = !this.#showsAllLanes;
      this.#render();
    });
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = this.#keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  readonly #keys: Readonly<Record<string, () => void>> = {
    "+": () => this.#zoom(STEP),
    "=": () => this.#zoom(STEP),
    "-": () => this.#zoom(1 / STEP),
    "0": () => this.#set(null),
    ArrowLeft: () => this.#pan(-SHARE),
    ArrowRight: () => this.#pan(SHARE),
    ArrowUp: () => this.#selectBeside(1),
    ArrowDown: () => this.#selectBeside(-1),
  };

  /** Zooms with Ctrl and the wheel; the wheel alone scrolls the page. */
  #onWheel(event: WheelEvent): void {
    const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (!event.ctrlKey && !event.metaKey && !isSideways) return;
    event.preventDefault();
    const { left, width } = this.#axis.getBoundingClientRect();
    if (isSideways) this.#pan((event.deltaX || event.deltaY) / width);
    else this.#zoom(WHEEL_STEP ** event.deltaY, Math.min(1, Math.max(0, (event.clientX - left) / width)));
  }

  get #shown(): TimeRange {
    return this.#range ?? this.#timeline.bounds;
  }

  #zoom(factor: number, around?: number): void {
    const { bounds } = this.#timeline;
    const isAtTheEnd = bounds.to - this.#shown.to < NOTHING_MS;
    const next = zoomed(this.#shown, factor, around ?? (isAtTheEnd && factor < 1 ? 1 : MIDDLE), bounds);
    this.#set(next.to - next.from >= bounds.to - bounds.from ? null : next);
  }

  #pan(share: number): void {
    if (this.#range) this.#set(panned(this.#range, share, this.#timeline.bounds));
  }

  #set(range: TimeRange | null): void {
    this.#range = range;
    this.#render();
  }

  get #newestFirst(): Bar[] {
    return this.#timeline.lanes.flatMap(({ bars }) => bars).sort((left, right) => right.from - left.from);
  }

  #selectBeside(step: 1 | -1): void {
    const bars = this.#newestFirst;
    const present = bars.findIndex(({ key }) => key === this.#selected);
    const next = bars[present === -1 ? 0 : Math.min(bars.length - 1, Math.max(0, present + step))];
    if (next) this.#select(next.key);
  }

  #select(key: string): void {
    this.#selected = key;
    const span = this.#selectedSpan;
    if (this.#range && span) this.#range = showing(this.#range, span.from, span.to, this.#timeline.bounds);
    this.#render();
  }

  get #selectedSpan(): Bar | Gap | undefined {
    return [...this.#newestFirst, ...this.#timeline.gaps].find(({ key }) => key === this.#selected);
  }

  #render(): void {
    const { lanes, gaps, gapTracks, bounds } = this.#timeline;
    const range = this.#shown;
    const shownLanes = this.#showsAllLanes ? lanes : lanes.slice(0, FIRST_LANES);
    const common = { range, selected: this.#selected };
    this.#showLanes([
      { ...common, key: "gaps", name: "No leader", tracks: gapTracks, spans: gaps },
      ...shownLanes.map(({ key, name, tracks, bars }) => ({ ...common, key, name, tracks, spans: bars })),
    ]);
    this.#renderTicks(range);
    setText(this.#detail, this.#selectedSpan?.details ?? "");
    byId("show-all", HTMLButtonElement).ariaDisabled = String(this.#range === null);
    byId("earlier", HTMLButtonElement).ariaDisabled = String(range.from - bounds.from < NOTHING_MS);
    byId("later", HTMLButtonElement).ariaDisabled = String(bounds.to - range.to < NOTHING_MS);
    this.#more.hidden = lanes.length <= FIRST_LANES;
    this.#more.ariaExpanded = String(this.#showsAllLanes);
    setText(this.#more, this.#showsAllLanes ? "Show fewer" : `Show all ${count(lanes.length, "process", "processes")}`);
  }

  #renderTicks(range: TimeRange): void {
    const width = this.#axis.clientWidth;
    const most = Math.max(2, Math.floor(width / TICK_WIDTH_PX));
    const zoneOffsetMs = -new Date(range.to).getTimezoneOffset() * MINUTE_MS;
    const { at, stepMs } = ticks(range, most, zoneOffsetMs);
    this.#showTicks(
      at.map((time) => {
        const place = (time - range.from) / (range.to - range.from);
        return { at: time, stepMs, place, hasRoom: (1 - place) * width > LABEL_WIDTH_PX };
      }),
    );
  }
}

interface TickView {
  readonly at: number;
  readonly stepMs: number;
  /** From 0 (left) to 1 (right). */
  readonly place: number;
  /** The space for the label, up to the right edge. */
  readonly hasRoom: boolean;
}

function tickItem(): Item<TickView> {
  const element = document.createElement("li");
  const label = document.createElement("span");
  element.append(label);
  return {
    element,
    update({ at, stepMs, place, hasRoom }) {
      element.style.setProperty("--place", String(place));
      label.hidden = !hasRoom;
      setText(label, tickTime(at, stepMs));
    },
  };
}
