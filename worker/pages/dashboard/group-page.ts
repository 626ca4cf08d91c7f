/** The page of one group: keeps the received data, and shows it. */
import type { LeaderInformation } from "../../../client/index.ts";
import type { GroupStatus } from "../../../shared/protocol/status.ts";
import type { TermStatus } from "../../index.ts";
import { timeOfDay } from "./clock-time.ts";
import { Dialog } from "./dialog.ts";
import { byId, keyedList, onPress, setText } from "./dom.ts";
import { type ElectionCard, electionCard } from "./election-card.ts";
import { HistoryTable, MOST_TERMS } from "./history-table.ts";
import { showLegend } from "./legend.ts";
import { Live, type Update } from "./live.ts";
import { operatorOf } from "./operator.ts";
import { askToPause, askToStepDown, askToTransfer, explain, type OrderContext } from "./orders.ts";
import { TimelinePlot } from "./timeline-plot.ts";
import { announcements } from "./view/announcements.ts";
import { CONNECTION_LABELS, type Connection, connectionMessage, nextConnection } from "./view/connection.ts";
import { type ElectionView, electionViews } from "./view/elections.ts";
import { termViews } from "./view/history.ts";
import { timelineOf } from "./view/timeline.ts";
import { count } from "./view/words.ts";

const TICK_MS = 250;
const SLOW_TICK_MS = 1_000;

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
    (view) => this.#newCard(view),
  );
  readonly #timeline = new TimelinePlot();
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
  /** Kept only here, and sent only in the headers of requests. */
  #token: string | null = null;
  #operator = operatorOf("", null);

  constructor() {
    showLegend();
    onPress(byId("pause", HTMLButtonElement), () => this.#askToPause());
    onPress(byId("more-elections", HTMLButtonElement), () => this.#live?.showMoreElections());
    onPress(byId("change-token", HTMLButtonElement), () => this.#present(null));
    byId("token-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const field = byId("token", HTMLInputElement);
      const token = field.value.trim();
      field.value = "";
      if (token !== "") this.#present(token);
    });
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    setInterval(() => this.#tick(), isCalm ? SLOW_TICK_MS : TICK_MS);
    setInterval(() => this.#renderTimes(), SLOW_TICK_MS);
  }

  open(group: string): void {
    this.close();
    this.#group = group;
    this.#timeline.reset();
    this.#history.reset();
    this.#showCards([]);
    this.#cards.clear();
    setText(byId("news", HTMLElement), "");
    setText(byId("group-title", HTMLElement), group);
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
    this.#operator = operatorOf(this.#group, this.#token);
    this.#live = new Live(this.#group, this.#token, this.#operator, (update) => this.#take(update));
    this.#render();
  }

  #present(token: string | null): void {
    this.#token = token;
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
    const card = electionCard(view, actions, () => this.#known.askedAt);
    this.#cards.set(view.election, card);
    return card;
  }

  #askToPause(): void {
    const isPaused = this.#known.status?.paused === true;
    askToPause(this.#orders, this.#group, isPaused, (outcome) => setText(byId("group-outcome", HTMLElement), outcome));
  }

  #tick(): void {
    for (const { tick } of this.#cards.values()) tick();
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
    const { deployment, paused, sessions, epoch, elections, electionCount, next } = status;
    const views = electionViews(status, leaders);
    this.#showCards(views);
    for (const election of this.#cards.keys()) {
      if (!views.some((view) => view.election === election)) this.#cards.delete(election);
    }
    byId("nobody", HTMLElement).hidden = electionCount > 0;
    const more = byId("more-elections", HTMLButtonElement);
    more.hidden = next === null;
    setText(more, `Show more than ${elections.length} of ${electionCount} elections`);
    byId("paused", HTMLElement).hidden = !paused;
    setText(byId("pause", HTMLElement), paused ? "Resume group" : "Pause group");
    setText(
      byId("group-facts", HTMLElement),
      [
        count(electionCount, "election"),
        count(sessions, "session"),
        `last epoch ${epoch}`,
        `deployment ${deployment}`,
      ].join(" · "),
    );
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
    byId("token-form", HTMLElement).hidden = !isRefused || (connection.status === 403 && this.#token === null);
    byId("change-token", HTMLElement).hidden = this.#token === null || isRefused;
    byId("pause", HTMLElement).hidden = status === null || isRefused;
  }

  /** Renders what changes with time alone: the running terms. */
  #renderTimes(): void {
    const { status, terms } = this.#known;
    if (status === null || document.hidden) return;
    const newest = terms.flatMap(({ acceptedAt, endedAt }) => [acceptedAt, endedAt ?? 0]);
    const now = Math.max(Date.now(), ...newest);
    const waitedFor = status.elections.filter(({ leader, waiting }) => leader === null && waiting > 0);
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
