/** One election as a row of the compact list. A press opens its card below, and closes it again. */
import { fromTemplate, onPress, part, setText } from "./dom.ts";
import type { ElectionCard } from "./election-card.ts";
import type { ElectionView } from "./view/elections.ts";
import { count } from "./view/words.ts";

const SECOND_MS = 1_000;

/** `card` makes the card when it is opened for the first time. `askedAt`: when the request for the shown status was sent. */
export function electionRow(
  first: ElectionView,
  card: (view: ElectionView) => ElectionCard,
  askedAt: () => number,
): ElectionCard {
  const element = fromTemplate("row-template", HTMLLIElement);
  const [title, state, leader, lease, queue] = ["title", "state", "leader", "lease", "queue"].map((name) =>
    part(element, name, HTMLElement),
  ) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  const press = part(element, "open", HTMLButtonElement);
  const place = part(element, "card", HTMLElement);
  let shown = first;
  let opened: ElectionCard | null = null;
  let until: number | null = null;
  const tick = (): void => {
    const leftMs = until === null ? null : Math.max(0, until - performance.now());
    setText(lease, leftMs === null ? "" : `${(leftMs / SECOND_MS).toFixed(1)}\u00a0s`);
    if (!place.hidden) opened?.tick();
  };
  onPress(press, () => {
    place.hidden = !place.hidden;
    press.ariaExpanded = String(!place.hidden);
    if (place.hidden) return;
    opened ??= card(shown);
    opened.update(shown);
    if (opened.element.parentElement !== place) place.append(opened.element);
  });
  return {
    element,
    tick,
    update(view) {
      shown = view;
      until = view.remainingMs === null ? null : askedAt() + view.remainingMs;
      element.dataset["tone"] = view.tone;
      setText(title, view.title);
      title.title = view.title;
      setText(state, view.stateLabel);
      setText(leader, view.holder?.name ?? "");
      leader.title = view.holder?.name ?? "";
      setText(queue, view.waiting === 0 ? "" : `${count(view.waiting, "waits", "wait")}`);
      if (!place.hidden) opened?.update(view);
      tick();
    },
  };
}
