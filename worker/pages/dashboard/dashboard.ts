/**
 * The dashboard. The address has the name of the shown group and nothing else.
 *
 * Entry of the room `worker/pages`, which is bundled into static files: only tests import it. It imports the public
 * client, `shared/`, `hono/client`, and only types of the Worker. It never inserts text as markup and never stores a
 * token. `view/` is pure and never touches the document.
 */
import { isName, NAME_RULE } from "../../../shared/protocol/names.ts";
import { addressOf, isThisPage } from "./address.ts";
import { byId, onPress, setText } from "./dom.ts";
import { Fleet } from "./fleet.ts";
import { GroupPage } from "./group-page.ts";
import { forgetGroups, recentGroups, rememberGroup } from "./recent-groups.ts";

const page = new GroupPage();
const fleet = new Fleet();
const field = byId("group-name", HTMLInputElement);

function show(isFirst: boolean): void {
  const group = new URLSearchParams(location.search).get("group");
  const isGood = isName(group);
  byId("start", HTMLElement).hidden = isGood;
  byId("group", HTMLElement).hidden = !isGood;
  if (isGood) {
    rememberGroup(group);
    fleet.close();
    page.open(group);
  } else {
    page.close();
    showStart(group);
  }
  document.title = isGood ? `${group} · edge-election` : "edge-election";
  if (!isFirst) byId(isGood ? "group-title" : "start-title", HTMLElement).focus();
}

function showStart(asked: string | null): void {
  field.value = asked ?? "";
  complain(asked === null ? "" : asked);
  showRecent();
  fleet.open();
}

/** Shows what is wrong with the name, or nothing if it is empty. */
function complain(name: string): void {
  setText(byId("group-problem", HTMLElement), name === "" ? "" : `A group's name is ${NAME_RULE}.`);
  field.ariaInvalid = String(name !== "");
}

function showRecent(): void {
  const groups = recentGroups();
  byId("recent-section", HTMLElement).hidden = groups.length === 0;
  byId("recent", HTMLElement).replaceChildren(...groups.map(recentItem));
}

function recentItem(group: string): HTMLElement {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = addressOf(group);
  link.textContent = group;
  item.append(link);
  return item;
}

function open(address: string): void {
  history.pushState(null, "", address);
  show(false);
}

byId("open-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const name = field.value.trim();
  if (isName(name)) open(addressOf(name));
  else {
    complain(name === "" ? " " : name);
    field.focus();
  }
});
onPress(byId("forget", HTMLButtonElement), () => {
  forgetGroups();
  showRecent();
  field.focus();
});
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (!link || !isPlain || link.origin !== location.origin || !isThisPage(link.pathname) || link.hash !== "") return;
  event.preventDefault();
  open(link.pathname + link.search);
});
window.addEventListener("popstate", () => show(false));
show(true);
