/** The meaning of the timeline's colours. */
import { byId, textElement } from "./dom.ts";
import { BAR_KINDS, reasonLabel, reasonMeaning } from "./view/reasons.ts";

export function showLegend(): void {
  byId("legend", HTMLElement).replaceChildren(
    ...BAR_KINDS.map((kind) => entry(kind, reasonLabel(kind), reasonMeaning(kind))),
    entry("gap", "no leader", "from the end of a term to the next acceptance"),
  );
}

function entry(kind: string, label: string, meaning: string): HTMLElement {
  const item = document.createElement("li");
  item.title = meaning;
  const swatch = textElement("span", "swatch", "");
  swatch.dataset["kind"] = kind;
  item.append(swatch, label);
  return item;
}
