/** The page of one group: keeps the received data, and shows it. */
import type { LeaderInformation } from "../../../client/index.ts";
import type { GroupStatus } from "../../../shared/protocol/status.ts";
import type { TermStatus } from "../../index.ts";
import { timeOfDay } from "./clock-time.ts";
import { Dialog } from "./dialog.ts";
import { byId, keyedList, onPress, setParts, setText } from "./dom.ts";
import { type ElectionCard, electionCard } from "./election-card.ts";
import { electionRow } from "./election-row.ts";
import { HistoryTable, MOST_TERMS } from "./history-table.ts";
import { jobsTable } from "./jobs-table.ts";
import { showLegend } from "./legend.ts";
import { Live, type Update } from "./live.ts";
import { operatorOf } from "./operator.ts";
import { askToPause, askToStepDown, askToTransfer, explain, type OrderContext } from "./orders.ts";
import { onToken, present, presentedToken } from "./presented-token.ts";
import { TimelinePlot } from "./timeline-plot.ts";
import { announcements } from "./view/announcements.ts";
import { CONNECTION_LABELS, type Connection, connectionMessage, nextConnection } from "./view/connection.ts";
import { type ElectionView, electionViews } from "./view/elections.ts";
import { termViews } from "./view/history.ts";
import { jobViews } from "./view/jobs.ts";
import { timelineOf } from "./view/timeline.ts";
import { count, duration } from "./view/words.ts";

const TICK_MS = 250;
const SLOW_TICK_MS = 1_000;
/** Beyond it each election has one row, which opens its card. */
const MOST_CARDS = 12;

/** All data about the group so far. */
interface Known {
  readonly status: GroupStatus | null;
  readonly askedAt: number;
  readonly leaders: ReadonlyMap<string, LeaderInformation>;
  readonly terms: readonly TermStatus[];
  readonly connection: Connection;
}

const NOTHING: Known = { status: null, askedAt: 0, leaders: new Map(), terms: [], connection: { type: "opening" } };

export class GroupPage {
  readonly #cards = new Map<string, ElectionCard>();
  readonly #showCards = keyedList<ElectionView>(
    byId("elections", HTMLElement),
    ({ election }) => election,
    (view) => kept(this.#cards, view, this.#newCard(view)),
  );
  /** In place of cards where there are many elections. */
  readonly #rows = new Map<string, ElectionCard>();
  readonly #showRows = keyedList<ElectionView>(
    byId("rows", HTMLElement),
    ({ election }) => election,
    (view) =>
      kept(
        this.#rows,
        view,
        electionRow(
          view,
          (shown) => this.#newCard(shown),
          () => this.#known.askedAt,
        ),
      ),
  );
  readonly #timeline = new TimelinePlot();
  readonly #showJobs = jobsTable();
  readonly #history = new HistoryTable(() => this.#live?.setHistoryLimit(MOST_TERMS));
  readonly #orders: OrderContext = {
    dialog: new Dialog(explain),
    operator: () => this.#operator,
    status: () => this.#known.status,
    changed: () => this.#live?.refresh(),
  };
  #known = NOTHING;
  #group = "";
  #live: Live | undefined;
  #operator = operatorOf("", null);

  constructor() {
    showLegend();
    onPress(byId("pause", HTMLButtonElement), () => this.#askToPause());
    onPress(byId("more-elections", HTMLButtonElement), () => this.#live?.showMoreElections());
    onPress(byId("change-token", HTMLButtonElement), () => this.#present(null));
    onToken(byId("token-form", HTMLFormElement), byId("token", HTMLInputElement), (token) => this.#present(token));
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    setInterval(() => this.#tick(), isCalm ? SLOW_TICK_MS : TICK_MS);
    setInterval(() => this.#renderTimes(), SLOW_TICK_MS);
  }

  open(group: string): void {
    this.close();
    this.#group = group;
    this.#timeline.reset();
    this.#history.reset();
    this.#showElections([], false);
    setText(byId("news", HTMLElement), "");
    setText(byId("group-title", HTMLElement), group);
    byId("group-title", HTMLElement).title = group;
    setText(byId("group-outcome", HTMLElement), "");
    this.#watch();
  }

  close(): void {
    this.#live?.stop();
    this.#live = undefined;
  }

  #watch(): void {
    this.#live?.stop();
    this.#known = NOTHING;
    const token = presentedToken();
    this.#operator = operatorOf(this.#group, token);
    this.#live = new Live(this.#group, token, this.#operator, (update) => this.#take(update));
    this.#render();
  }

  #present(token: string | null): void {
    present(token);
    this.#watch();
    byId("group-title", HTMLElement).focus();
  }

  #take(update: Update): void {
    const known = this.#known;
    if (update.type === "status") {
      const said = announcements(known.status, update.status);
      if (said.length > 0) setText(byId("news", HTMLElement), said.join(" "));
      this.#known = { ...known, status: update.status, askedAt: update.askedAt };
    } else if (update.type === "history") this.#known = { ...known, terms: update.terms };
    else if (update.type === "leaders") this.#known = { ...known, leaders: update.leaders };
    else this.#known = { ...known, connection: nextConnection(known.connection, update.event) };
    this.#render();
  }

  #newCard(view: ElectionView): ElectionCard {
    const actions = {
      stepDown: askToStepDown.bind(null, this.#orders),
      transfer: askToTransfer.bind(null, this.#orders),
    };
    return electionCard(view, actions, () => this.#known.askedAt);
  }

  #showElections(views: readonly ElectionView[], isCompact: boolean): void {
    byId("compact", HTMLElement).hidden = !isCompact;
    for (const [items, show, shown] of [
      [this.#cards, this.#showCards, isCompact ? [] : views],
      [this.#rows, this.#showRows, isCompact ? views : []],
    ] as const) {
      show(shown);
      const names = new Set<string>(shown.map(({ election }) => election));
      for (const election of items.keys()) if (!names.has(election)) items.delete(election);
    }
  }

  #askToPause(): void {
    const isPaused = this.#known.status?.paused === true;
    askToPause(this.#orders, this.#group, isPaused, (outcome) => setText(byId("group-outcome", HTMLElement), outcome));
  }

  #tick(): void {
    for (const { tick } of [...this.#cards.values(), ...this.#rows.values()]) tick();
    this.#renderHoldOff();
    const { connection } = this.#known;
    const next = nextConnection(connection, { type: "tick", at: Date.now() });
    if (next === connection) return;
    this.#known = { ...this.#known, connection: next };
    this.#renderConnection();
  }

  #render(): void {
    const { status, leaders } = this.#known;
    this.#renderConnection();
    byId("group-body", HTMLElement).hidden = status === null;
    if (status === null) return;
    const { deployment, paused, sessions, epoch, elections, electionCount, next, jobs } = status;
    this.#showElections(electionViews(status, leaders), electionCount > MOST_CARDS);
    this.#showJobs(jobViews(jobs));
    byId("nobody", HTMLElement).hidden = electionCount > 0;
    const more = byId("more-elections", HTMLButtonElement);
    more.hidden = next === null;
    setText(more, `Show more than ${elections.length} of ${electionCount} elections`);
    byId("paused", HTMLElement).hidden = !paused;
    this.#renderHoldOff();
    setText(byId("pause", HTMLElement), paused ? "Resume group" : "Pause group");
    const facts = [count(electionCount, "election"), count(sessions, "session"), `last epoch ${epoch}`];
    setParts(byId("group-facts", HTMLElement), [...facts, `deployment ${deployment}`], " · ");
    this.#renderTimes();
  }

  #renderConnection(): void {
    const { connection, status } = this.#known;
    const message = connectionMessage(connection, timeOfDay);
    const isRefused = connection.type === "refused";
    byId("connection", HTMLElement).dataset["state"] = connection.type;
    setText(byId("connection", HTMLElement), CONNECTION_LABELS[connection.type]);
    const banner = byId("banner", HTMLElement);
    banner.dataset["state"] = connection.type;
    setText(banner, message ?? "");
    document.body.dataset["stale"] = String(connection.type === "lost" || connection.type === "closed");
    const token = presentedToken();
    byId("token-form", HTMLElement).hidden = !isRefused || (connection.status === 403 && token === null);
    byId("change-token", HTMLElement).hidden = token === null || isRefused;
    byId("pause", HTMLElement).hidden = status === null || isRefused;
  }

  /** Counted down like a lease, from when the look-up was sent. */
  #renderHoldOff(): void {
    const { status, askedAt } = this.#known;
    const leftMs = (status?.holdOffMs ?? 0) - (performance.now() - askedAt);
    byId("holding-off", HTMLElement).hidden = status === null || leftMs <= 0;
    setText(byId("holding-off-for", HTMLElement), duration(Math.max(0, leftMs)));
  }

  /** Renders what changes with time alone: the running terms. */
  #renderTimes(): void {
    const { status, terms } = this.#known;
    if (status === null || document.hidden) return;
    const newest = terms.flatMap(({ acceptedAt, endedAt }) => [acceptedAt, endedAt ?? 0]);
    const now = Math.max(Date.now(), ...newest);
    const waitedFor = status.elections.filter(({ vacantMs, waiting }) => vacantMs !== null && waiting > 0);
    byId("timeline-section", HTMLElement).hidden = terms.length === 0;
    if (terms.length > 0)
      this.#timeline.update(
        timelineOf(
          terms,
          waitedFor.map(({ election }) => election),
          now,
        ),
      );
    this.#history.update(termViews(terms, now));
  }
}

function kept(items: Map<string, ElectionCard>, { election }: ElectionView, item: ElectionCard): ElectionCard {
  items.set(election, item);
  return item;
}
