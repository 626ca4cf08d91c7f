/** The page of a tab under test: it contends as its address asks, and reports what happens to it and what it believes. */
import { type ClientState, createElectionClient, type LossReason, visibleTab } from "../../../client/index.ts";
import { InjectedView, throttledTimers } from "./injected.ts";

export const COMPONENT = "worker";

/** Times are the machine's wall clock, the same for all tabs and the server, in whole milliseconds. */
export type Told =
  | { readonly type: "grant"; readonly at: number; readonly leaderSessionId: string; readonly epoch: number }
  | { readonly type: "revoke"; readonly at: number; readonly leaderSessionId: string; readonly reason: LossReason }
  /** `isLeader()` was true at some instant between the two times. By its lease it may believe so until `until`. */
  | {
      readonly type: "believed";
      readonly from: number;
      readonly to: number;
      readonly until: number;
      readonly leaderSessionId: string;
      readonly epoch: number;
    }
  | { readonly type: "state"; readonly at: number; readonly state: ClientState }
  | { readonly type: "page"; readonly at: number; readonly event: string; readonly persisted: boolean };

declare global {
  interface Window {
    /** The test listens. */
    tell(line: string): void;
    tab: typeof tab;
  }
}

const SAMPLE_EVERY_MS = 10;

/** Every report so far, by its number: a report from a page that was leaving may be lost, and is sent again on its return. */
const lines: string[] = [];

const query = new URLSearchParams(location.search);
function tell(told: Told): void {
  lines.push(JSON.stringify({ ...told, number: performance.timeOrigin + lines.length }));
  window.tell(lines.at(-1) ?? "");
}

/** What a headless shell does not do by itself: hide the page, and let it wait for its timers. */
const injected = query.has("injected") ? { view: new InjectedView(), timers: throttledTimers() } : undefined;

const client = createElectionClient({
  url: query.get("url") ?? "",
  group: query.get("group") ?? "",
  process: { name: query.get("name") ?? "" },
  ...(query.has("prefer-visible") && { priority: visibleTab(injected?.view) }),
  ...(injected && { page: injected.view, ...injected.timers }),
});

const contender = client.contend(COMPONENT, {
  onGrant({ leaderSessionId, epoch }) {
    tell({ type: "grant", at: Date.now(), leaderSessionId, epoch });
    sample();
  },
  onRevoke: ({ leaderSessionId }, reason) => tell({ type: "revoke", at: Date.now(), leaderSessionId, reason }),
});

/** Asks, independently of the callbacks: a belief that outlives its lease would be seen here. */
function sample(): void {
  const from = Date.now();
  const { leadership } = contender;
  if (!leadership) return;
  const { leaderSessionId, epoch } = leadership;
  const until = from + leadership.remainingMs();
  // The clock shows whole milliseconds: the instant is earlier than one more.
  tell({ type: "believed", from, to: Date.now() + 1, until, leaderSessionId, epoch });
}

/** What tests do with the page. */
const tab = {
  client,
  /** For a page whose view is injected. */
  show: (isVisible: boolean): void => injected?.view.show(isVisible),
  isLeader: (): boolean => contender.leadership?.isLeader() ?? false,
  /** Holds the main thread, and then asks at once. */
  block(ms: number): { readonly isLeader: boolean; readonly at: number } {
    const { leadership } = contender;
    const end = performance.now() + ms;
    while (performance.now() < end);
    return { isLeader: leadership?.isLeader() ?? false, at: Date.now() };
  },
  /** The machine sleeps: the wall clock has gone on, the monotonic one has not. Then it asks at once. */
  sleep(ms: number): boolean {
    const { leadership } = contender;
    const now = Date.now;
    Date.now = () => now() + ms;
    return leadership?.isLeader() ?? false;
  },
  /** How often a timer that sets itself anew every second comes: once a minute, where hidden tabs are throttled hard. */
  ticks: 0,
};
window.tab = tab;

function tick(): void {
  tab.ticks++;
  setTimeout(tick, 1_000);
}

client.onStateChange((state) => tell({ type: "state", at: Date.now(), state }));
for (const event of ["pagehide", "pageshow", "freeze", "resume", "online", "offline", "visibilitychange"]) {
  const listener = ({ persisted = false }: Partial<PageTransitionEvent>): void => {
    if (persisted) for (const line of lines) window.tell(line);
    tell({ type: "page", at: Date.now(), event, persisted });
  };
  window.addEventListener(event, listener, true);
}
setInterval(sample, SAMPLE_EVERY_MS);
tick();
