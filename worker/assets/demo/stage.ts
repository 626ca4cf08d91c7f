/** The stage: contenders in frames, who leads them all, and what has happened. */
import { createElectionClient, type LeaderInformation } from "../../../client/index.ts";
import type { News } from "./news.ts";
import { COMPONENT, contenderUrl, element, placeOf } from "./place.ts";

const NAMES = ["Ada", "Barbara", "Edsger", "Frances", "Grace", "Leslie", "Margaret", "Nancy", "Radia"];
const FIRST_FRAMES = 3;
const KEPT_LINES = 40;
/** Room around a card, in pixels. */
const FOCUS_RING = 4;

const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

const place = placeOf(location);
const list = element("contenders", HTMLUListElement);
const log = element("log", HTMLOListElement);
const tab = element("tab", HTMLAnchorElement);
const frames = new Set<HTMLIFrameElement>();
/** Somebody has led since this page is open. */
let led = false;

/** The other name of this machine: a frame there is a page of another site, with an event loop of its own. */
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

function note(text: string): void {
  const time = document.createElement("time");
  time.textContent = TIME.format();
  const line = document.createElement("li");
  line.append(time, " ", text);
  log.prepend(line);
  if (log.childElementCount > KEPT_LINES) log.lastElementChild?.remove();
}

function addContender(): void {
  const name = nextName();
  const frame = document.createElement("iframe");
  frame.title = `Contender ${name}`;
  frame.name = name;
  frame.src = contenderUrl({ ...place, name }, origins[frames.size % origins.length] ?? location.origin);
  frames.add(frame);
  const item = document.createElement("li");
  item.append(frame);
  list.append(item);
}

/** As closing a tab does it: the page in the frame gets `pagehide`, and nothing after that. */
function remove(frame: HTMLIFrameElement): void {
  frames.delete(frame);
  frame.parentElement?.remove();
  note(`${frame.name} is closed`);
}

function hear({ source, data }: MessageEvent<News>): void {
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

/** What the whole group sees, contenders in other tabs and browsers included. */
async function watch(): Promise<void> {
  const client = createElectionClient({ ...place, url: location.origin });
  client.onError((error) => note(`This page: ${error instanceof Error ? error.message : error}`));
  let vacantSince: number | undefined;
  for await (const leader of client.observe(COMPONENT)) {
    showLeader(leader);
    const wasVacantMs = vacantSince === undefined ? undefined : performance.now() - vacantSince;
    const gap = wasVacantMs === undefined ? "" : `, ${(wasVacantMs / 1_000).toFixed(2)} s after the one before`;
    if (leader) note(`${leader.process ?? "Somebody"} leads${gap}`);
    else if (led) note("Nobody leads");
    led ||= leader !== null;
    vacantSince = leader || !led ? undefined : performance.now();
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
window.addEventListener("message", hear);
for (let count = 0; count < FIRST_FRAMES; count++) addContender();
renewTabLink();
void watch();
