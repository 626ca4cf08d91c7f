/**
 * All groups at a glance, if the deployment has an index: looked up while the page is seen, and never more often than one
 * look-up is answered.
 */
import type { GroupsStatus } from "../../../shared/protocol/status.ts";
import { addressOf } from "./address.ts";
import { byId, fromTemplate, type Item, keyedList, onPress, part, setText } from "./dom.ts";
import { allGroups, Refused } from "./operator.ts";
import { onToken, present, presentedToken } from "./presented-token.ts";
import { type GroupView, groupsFacts, groupViews } from "./view/groups.ts";

/** For each page that is shown: every group is asked at every look-up, and counts as a request. */
const LOOK_EVERY_MS = 10_000;
const TYPING_MS = 250;
const NOT_FOUND = 404;
const UNAUTHORIZED = 401;

export class Fleet {
  readonly #filter = byId("fleet-filter", HTMLInputElement);
  readonly #show = keyedList<GroupView>(byId("fleet-list", HTMLElement), ({ group }) => group, groupItem);
  /** Null: not shown. */
  #looking: AbortController | null = null;
  #pages = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The deployment has no index. */
  #isAbsent = false;

  constructor() {
    this.#filter.addEventListener("input", () => {
      this.#pages = 1;
      this.#lookIn(TYPING_MS);
    });
    onPress(byId("more-groups", HTMLButtonElement), () => {
      this.#pages += 1;
      this.#lookIn(0);
    });
    onToken(byId("fleet-token-form", HTMLFormElement), byId("fleet-token", HTMLInputElement), (token) => {
      present(token);
      this.#lookIn(0);
    });
    document.addEventListener("visibilitychange", () => this.#lookIn(0));
  }

  open(): void {
    this.close();
    if (this.#isAbsent) return;
    this.#looking = new AbortController();
    this.#lookIn(0);
  }

  close(): void {
    this.#looking?.abort();
    this.#looking = null;
    clearTimeout(this.#timer);
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#looking === null || document.hidden) return;
    this.#looking.abort();
    this.#looking = new AbortController();
    const { signal } = this.#looking;
    this.#timer = setTimeout(() => void this.#look(signal), ms);
  }

  /** The answer to an outdated question is dropped. */
  async #look(signal: AbortSignal): Promise<void> {
    try {
      const status = await allGroups(presentedToken(), this.#filter.value.trim(), this.#pages);
      if (signal.aborted) return;
      this.#render(status);
    } catch (error) {
      if (signal.aborted) return;
      if (!this.#failed(error)) return;
    }
    this.#timer = setTimeout(() => void this.#look(signal), LOOK_EVERY_MS * this.#pages);
  }

  /** Whether to look again. */
  #failed(error: unknown): boolean {
    const { status, message } = error instanceof Refused ? error : { status: 0, message: "" };
    this.#isAbsent = status === NOT_FOUND;
    byId("fleet", HTMLElement).hidden = this.#isAbsent;
    const asksToken = status === UNAUTHORIZED;
    byId("fleet-token-form", HTMLElement).hidden = !asksToken;
    byId("fleet-body", HTMLElement).hidden = asksToken;
    const sentence = message === "" ? "The backend can't be reached. The page retries by itself" : message;
    const problem = byId("fleet-problem", HTMLElement);
    problem.dataset["state"] = asksToken ? "" : "lost";
    setText(problem, `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`);
    return !this.#isAbsent && !asksToken;
  }

  #render(status: GroupsStatus): void {
    byId("fleet", HTMLElement).hidden = false;
    byId("fleet-body", HTMLElement).hidden = false;
    byId("fleet-token-form", HTMLElement).hidden = true;
    setText(byId("fleet-problem", HTMLElement), "");
    const isFiltered = this.#filter.value.trim() !== "";
    byId("fleet-tools", HTMLElement).hidden = status.count === 0 && !isFiltered;
    setText(byId("fleet-facts", HTMLElement), groupsFacts(status));
    const none = byId("fleet-none", HTMLElement);
    none.hidden = status.count > 0;
    setText(none, isFiltered ? "No group has such a name." : NO_GROUPS);
    this.#show(groupViews(status));
    const more = byId("more-groups", HTMLButtonElement);
    more.hidden = status.next === null;
    setText(more, `Show more than ${status.groups.length} of ${status.count} groups`);
  }
}

const NO_GROUPS = "No groups yet. A group appears here as soon as its first process connects.";

function groupItem({ group }: GroupView): Item<GroupView> {
  const element = fromTemplate("group-template", HTMLLIElement);
  const link = part(element, "link", HTMLAnchorElement);
  link.href = addressOf(group);
  const [name, state, leader, sessions] = ["name", "state", "leader", "sessions"].map((id) =>
    part(element, id, HTMLElement),
  ) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  setText(name, group);
  name.title = group;
  return {
    element,
    update(view) {
      element.dataset["attention"] = view.attention;
      setText(state, view.state);
      setText(leader, view.leader);
      leader.title = view.leader;
      setText(sessions, view.sessions);
    },
  };
}
