/**
 * The demo's stage: contenders in frames, their leader, and a log of events. The demo imports only the public client and the paths,
 * and shows only what the client and the routes report.
 */
import { createElectionClient, type LeaderInformation } from "../../../client/index.ts";
import { groupPath } from "../../../shared/protocol/paths.ts";
import { DEPLOYMENT_URL } from "../base.ts";
import type { FrameMessage } from "./frame-messages.ts";
import { note } from "./log.ts";
import { COMPONENT, contenderUrl, element, placeOf } from "./place.ts";

const NAMES = ["Ada", "Barbara", "Edsger", "Frances", "Grace", "Leslie", "Margaret", "Nancy", "Radia"];
const FIRST_FRAMES = 3;
/** Space around a card, in pixels. */
const FOCUS_RING = 4;

const place = placeOf(location);
const list = element("contenders", HTMLUListElement);
const tab = element("tab", HTMLAnchorElement);
const frames = new Set<HTMLIFrameElement>();

/** The other name of this machine. A frame there is a page of another site, with its own event loop. */
const twin = new Map([
  ["127.0.0.1", "localhost"],
  ["localhost", "127.0.0.1"],
]).get(location.hostname);
const origins = [...(twin ? [location.origin.replace(location.hostname, twin)] : []), location.origin];

let named = 0;
function nextName(): string {
  const round = Math.floor(named / NAMES.length);
  const name = NAMES[named++ % NAMES.length] ?? "";
  return round === 0 ? name : `${name} ${round + 1}`;
}

function addContender(): HTMLIFrameElement {
  const name = nextName();
  const frame = document.createElement("iframe");
  frame.title = `Contender ${name}`;
  frame.name = name;
  frame.src = contenderUrl({ ...place, name }, origins[frames.size % origins.length] ?? location.origin);
  frames.add(frame);
  const item = document.createElement("li");
  item.append(frame);
  list.append(item);
  return frame;
}

/** Adds them one after the other, so that the first one leads first. */
function addFirst(count: number): void {
  if (count > 0) addContender().addEventListener("load", () => addFirst(count - 1), { once: true });
  else renewTabLink();
}

/** Like closing a tab: the page in the frame gets `pagehide`, and nothing after that. */
function remove(frame: HTMLIFrameElement): void {
  frames.delete(frame);
  frame.parentElement?.remove();
  note(`${frame.name} is closed`);
}

function receive({ source, data }: MessageEvent<FrameMessage>): void {
  for (const frame of frames) {
    if (frame.contentWindow !== source) continue;
    if (data.type === "close") remove(frame);
    else if (data.type === "size") frame.height = String(data.height + FOCUS_RING);
    else note(data.text);
  }
}

function showLeader(leader: LeaderInformation | null): void {
  element("leader", HTMLElement).textContent = leader ? `${leader.process ?? "Somebody"} leads` : "Nobody leads";
  element("epoch", HTMLElement).textContent = leader ? `epoch ${leader.epoch}` : "";
  document.body.dataset["led"] = String(leader !== null);
}

/** When the term began, according to the group. */
async function acceptedAt(epoch: number): Promise<number | undefined> {
  const headers: HeadersInit = place.token === undefined ? {} : { Authorization: `Bearer ${place.token}` };
  const response = await fetch(`${DEPLOYMENT_URL}${groupPath(place.group, "history")}?limit=20`, { headers });
  const { terms } = (await response.json()) as { readonly terms: { epoch: number; acceptedAt: number }[] };
  return terms.find((term) => term.epoch === epoch)?.acceptedAt;
}

/** What the whole group sees, contenders in other tabs and browsers included. */
async function watch(): Promise<void> {
  const { name: _, ...connection } = place;
  const client = createElectionClient({ ...connection, url: DEPLOYMENT_URL });
  client.onError((error) => note(`This page is told: ${error instanceof Error ? error.message : error}`));
  for await (const leader of client.observe(COMPONENT)) {
    showLeader(leader);
    if (leader) note(`${leader.process ?? "Somebody"} leads`, await acceptedAt(leader.epoch));
  }
}

/** Every tab that is opened gets a name of its own. */
function renewTabLink(): void {
  tab.href = contenderUrl({ ...place, name: nextName() }, location.origin);
}

element("group", HTMLElement).textContent = place.group;
element("hint", HTMLElement).hidden = !twin;
element("add", HTMLButtonElement).addEventListener("click", addContender);
for (const type of ["click", "auxclick"]) tab.addEventListener(type, () => setTimeout(renewTabLink));
window.addEventListener("message", receive);
addFirst(FIRST_FRAMES);
void watch();
