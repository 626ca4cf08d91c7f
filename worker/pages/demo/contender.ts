/** One contender, in a frame of the stage or in its own tab, with buttons that break it. */
import { createElectionClient, LeadershipLostError, UnauthorizedError, visibleTab } from "../../../client/index.ts";
import { DEPLOYMENT_URL } from "../base.ts";
import { BreakableSocket, network } from "./breakable-socket.ts";
import { post } from "./frame-messages.ts";
import { COMPONENT, element, placeOf } from "./place.ts";

const { name, ...place } = placeOf(location);
const client = createElectionClient({
  ...place,
  url: DEPLOYMENT_URL,
  process: { name, address: location.host },
  priority: visibleTab(),
  WebSocket: BreakableSocket,
});
const contender = client.contend(COMPONENT, {
  async onGrant(leadership) {
    show();
    await leadership.confirm();
  },
  onRevoke: (_leadership, reason) => happened(`no longer leads: ${reason}`),
  onError: showError,
});

const card = element("card", HTMLElement);
const state = element("state", HTMLElement);
const crown = element("crown", HTMLElement);
const epoch = element("epoch", HTMLElement);
const lease = element("lease", HTMLElement);
const bar = element("bar", HTMLProgressElement);
const offline = element("offline", HTMLButtonElement);
const close = element("close", HTMLButtonElement);
const seconds = element("seconds", HTMLInputElement);

const WORDS = { idle: "Paused", connecting: "Connecting", connected: "Waits", suspended: "Leads", closed: "Has left" };
let refusal = "";
/** The connection is lost, and the log says so already. */
let isLost = false;

function happened(text: string): void {
  post({ type: "happened", text: `${name} ${text}` });
  show();
}

function showError(error: unknown): void {
  if (error instanceof LeadershipLostError) return;
  if (error instanceof UnauthorizedError) refusal = "Refused: add #token=… to the address";
  if (!isLost) happened(`gets an error: ${error instanceof Error ? error.message : error}`);
  isLost = true;
}

/** Reads the state each time and remembers nothing, because only `isLeader()` is always right. */
function show(): void {
  const { leadership } = contender;
  if (client.state === "connected") isLost = false;
  const left = leadership?.remainingMs() ?? 0;
  const isCutOff = client.state === "suspended" || client.state === "connecting";
  const word = leadership ? "Leads" : WORDS[client.state];
  const text = refusal || (leadership && isCutOff ? `${word}, cut off` : word);
  if (state.textContent !== text) state.textContent = text;
  card.dataset["state"] = leadership ? "leading" : client.state;
  crown.hidden = !leadership;
  document.title = `${leadership ? "♛ " : ""}${name} · edge-election`;
  epoch.textContent = leadership ? String(leadership.epoch) : "–";
  lease.textContent = leadership ? `${(left / 1_000).toFixed(1)} s` : "–";
  bar.max = Math.max(bar.max, left);
  bar.value = left;
  element("resign", HTMLButtonElement).ariaDisabled = String(!leadership);
}

/** Blocks this page, and every page that shares its event loop. */
function freeze(ms: number): void {
  const { leadership } = contender;
  const end = performance.now() + ms;
  while (performance.now() < end);
  if (leadership) happened(`thaws: its first call, isLeader(), returns ${leadership.isLeader()}`);
}

/** A page can't close a tab that a person has opened. Then the page stays, outside of the group. */
async function leave(): Promise<void> {
  await client.close();
  close.textContent = "Join again";
  window.close();
}

function on(id: string, act: () => void): void {
  element(id, HTMLButtonElement).addEventListener("click", act);
}

on("resign", () => {
  if (contender.leadership) happened("resigns");
  void client.resign();
});
on("drop", () => {
  happened("drops its socket");
  network.drop();
});
on("offline", () => {
  network.offline = !network.offline;
  offline.ariaPressed = String(network.offline);
  happened(network.offline ? "goes offline" : "is back online");
  window.dispatchEvent(new Event(network.offline ? "offline" : "online"));
});
on("freeze", () => {
  const ms = Math.max(1, seconds.valueAsNumber || 1) * 1_000;
  state.textContent = "Frozen";
  happened(`freezes for ${ms / 1_000} s`);
  // The screen has to show the state first.
  requestAnimationFrame(() => setTimeout(freeze, 0, ms));
});
on("close", () => {
  if (client.state === "closed") location.reload();
  else if (window.parent !== window) post({ type: "close" });
  else void leave();
});

element("name", HTMLElement).textContent = name;
element("host", HTMLElement).textContent = location.host;
client.onStateChange(show);
new ResizeObserver(() => post({ type: "size", height: Math.ceil(card.getBoundingClientRect().bottom) })).observe(card);
setInterval(show, matchMedia("(prefers-reduced-motion: reduce)").matches ? 1_000 : 100);
show();
