/** The queue of an election: the first few candidates, and the others on demand, page by page. */
import { fromTemplate, type Item, keyedList, onPress, part, setText } from "./dom.ts";
import type { CandidateView, ElectionView } from "./view/elections.ts";
import { count } from "./view/words.ts";

const FIRST = 5;
const PAGE = 200;

export class QueueList {
  readonly #section: HTMLElement;
  readonly #title: HTMLElement;
  readonly #list: HTMLElement;
  readonly #more: HTMLButtonElement;
  readonly #show: (views: readonly CandidateView[]) => void;
  #queue: readonly CandidateView[] = [];
  #shown = FIRST;

  constructor(card: HTMLElement) {
    this.#section = part(card, "queue-section", HTMLElement);
    this.#title = part(card, "queue-title", HTMLElement);
    this.#list = part(card, "queue", HTMLElement);
    this.#more = part(card, "more", HTMLButtonElement);
    this.#show = keyedList(this.#list, ({ sessionId }) => sessionId, candidateItem);
    onPress(this.#more, () => {
      this.#shown = this.#shown >= this.#queue.length ? FIRST : Math.min(this.#queue.length, nextSize(this.#shown));
      this.#render();
    });
  }

  update({ queue, readyCount }: ElectionView): void {
    this.#queue = queue;
    this.#section.hidden = queue.length === 0;
    const others = queue.length - readyCount;
    setText(this.#title, `Queue: ${count(readyCount, "ready", "ready")}${others === 0 ? "" : `, ${others} not ready`}`);
    this.#render();
  }

  #render(): void {
    const { length } = this.#queue;
    const isOpen = this.#shown > FIRST;
    this.#show(this.#queue.slice(0, this.#shown));
    this.#list.classList.toggle("scrolling", isOpen);
    if (isOpen) this.#list.tabIndex = 0;
    else this.#list.removeAttribute("tabindex");
    this.#more.hidden = length <= FIRST;
    this.#more.ariaExpanded = String(isOpen);
    setText(this.#more, this.#moreLabel(length));
  }

  #moreLabel(length: number): string {
    if (this.#shown >= length) return "Show fewer";
    const next = Math.min(length, nextSize(this.#shown));
    return next === length ? `Show all ${length}` : `Show ${next} of ${length}`;
  }
}

const nextSize = (shown: number): number => (shown === FIRST ? PAGE : shown + PAGE);

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
      setText(ready, view.place === null ? "not ready" : "ready");
      element.dataset["ready"] = String(view.place !== null);
    },
  };
}
