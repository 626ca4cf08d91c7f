/** The queue of an election: the first few candidates, and on demand all that the status lists. */
import { fromTemplate, type Item, keyedList, onPress, part, setText } from "./dom.ts";
import type { CandidateView, ElectionView } from "./view/elections.ts";
import { count } from "./view/words.ts";

const FIRST = 5;

export class QueueList {
  readonly #section: HTMLElement;
  readonly #title: HTMLElement;
  readonly #list: HTMLElement;
  readonly #more: HTMLButtonElement;
  readonly #show: (views: readonly CandidateView[]) => void;
  #queue: readonly CandidateView[] = [];
  #waiting = 0;
  #isOpen = false;

  constructor(card: HTMLElement) {
    this.#section = part(card, "queue-section", HTMLElement);
    this.#title = part(card, "queue-title", HTMLElement);
    this.#list = part(card, "queue", HTMLElement);
    this.#more = part(card, "more", HTMLButtonElement);
    this.#show = keyedList(this.#list, ({ sessionId }) => sessionId, candidateItem);
    onPress(this.#more, () => {
      this.#isOpen = !this.#isOpen;
      this.#render();
    });
  }

  update({ queue, waiting, readyCount }: ElectionView): void {
    this.#queue = queue;
    this.#waiting = waiting;
    this.#section.hidden = queue.length === 0;
    const others = waiting - readyCount;
    const notReady = others === 0 ? "" : `, ${others} not ready`;
    const shown = waiting > queue.length ? ` (the first ${queue.length} are listed)` : "";
    setText(this.#title, `Queue: ${count(readyCount, "ready", "ready")}${notReady}${shown}`);
    this.#render();
  }

  #render(): void {
    const { length } = this.#queue;
    this.#show(this.#isOpen ? this.#queue : this.#queue.slice(0, FIRST));
    this.#list.classList.toggle("scrolling", this.#isOpen);
    if (this.#isOpen) this.#list.tabIndex = 0;
    else this.#list.removeAttribute("tabindex");
    this.#more.hidden = length <= FIRST;
    this.#more.ariaExpanded = String(this.#isOpen);
    const others = this.#waiting > length ? "the first" : "all";
    setText(this.#more, this.#isOpen ? "Show fewer" : `Show ${others} ${length}`);
  }
}

function candidateItem(): Item<CandidateView> {
  const element = fromTemplate("candidate-template", HTMLLIElement);
  const [place, name, components, priority, ready] = ["place", "name", "components", "priority", "ready"].map((id) =>
    part(element, id, HTMLElement),
  ) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  return {
    element,
    update(view) {
      setText(place, view.place === null ? "–" : String(view.place));
      setText(name, view.name);
      element.title = `${view.name}\nsession ${view.sessionId}\n${view.components}`;
      setText(components, view.components);
      setText(priority, view.priority === 0 ? "" : `priority ${view.priority}`);
      priority.hidden = view.priority === 0;
      setText(ready, view.readiness);
      element.dataset["ready"] = String(view.place !== null);
    },
  };
}
