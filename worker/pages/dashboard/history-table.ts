/** The terms as a table: the data of the timeline as text. */
import { dayAndTime } from "./clock-time.ts";
import { byId, fromTemplate, type Item, keyedList, onPress, part, setText } from "./dom.ts";
import type { TermView } from "./view/history.ts";

const FIRST = 10;
const PAGE = 50;
/** The most terms that a group may keep. */
export const MOST_TERMS = 1_000;

export class HistoryTable {
  readonly #more = byId("more-terms", HTMLButtonElement);
  readonly #show = keyedList<TermView>(byId("terms", HTMLElement), ({ key }) => key, termItem);
  #terms: readonly TermView[] = [];
  #shown = FIRST;

  /** `askForAll` is called to show more terms than were received. */
  constructor(askForAll: () => void) {
    onPress(this.#more, () => {
      this.#shown += PAGE;
      if (this.#shown > this.#terms.length) askForAll();
      this.#render();
    });
  }

  update(terms: readonly TermView[]): void {
    this.#terms = terms;
    this.#render();
  }

  reset(): void {
    this.#shown = FIRST;
  }

  #render(): void {
    this.#show(this.#terms.slice(0, this.#shown));
    this.#more.hidden = this.#terms.length <= this.#shown;
    byId("no-terms", HTMLElement).hidden = this.#terms.length > 0;
    byId("history-table", HTMLElement).hidden = this.#terms.length === 0;
  }
}

function termItem(): Item<TermView> {
  const element = fromTemplate("term-template", HTMLTableRowElement);
  const cell = (name: string): HTMLElement => part(element, name, HTMLElement);
  return {
    element,
    update(view) {
      setText(cell("epoch"), view.epoch);
      setText(cell("election"), view.election);
      setText(cell("process"), view.name);
      cell("process").title = `session ${view.sessionId}`;
      setText(cell("from"), dayAndTime(view.acceptedAt));
      setText(cell("led"), view.led);
      setText(cell("reason"), view.reason);
      cell("reason").dataset["kind"] = view.kind;
      cell("reason").title = view.meaning;
      setText(cell("note"), view.note);
      cell("note").hidden = view.note === "";
      setText(cell("gap"), view.gap === "" ? "–" : view.gap);
      setText(cell("taken"), view.taken);
      setText(cell("confirmed"), view.confirmed === "" ? "not confirmed" : view.confirmed);
    },
  };
}
