/** A React application in StrictMode: two components that name the same election component, and work that follows the lead. */
import { createElement as h, StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { createElectionClient } from "../../../client/index.ts";
import { ElectionProvider, type LeaderOptions, useLeader } from "../../../client/react/index.ts";

declare global {
  interface Window {
    app: typeof app;
  }
}

/** What has happened, in order: effects of the application, and frames that have left. */
const log: string[] = [];

class LoggingSocket extends WebSocket {
  override send(frame: string): void {
    log.push(`sends ${JSON.parse(frame).type}`);
    super.send(frame);
  }
}

const query = new URLSearchParams(location.search);
const client = createElectionClient({
  url: query.get("url") ?? "",
  group: query.get("group") ?? "",
  process: { name: "react" },
  WebSocket: LoggingSocket,
});

function Worker({ options }: { readonly options: LeaderOptions }) {
  const { leadership } = useLeader("worker", options);
  useEffect(() => {
    if (!leadership) return undefined;
    log.push("works");
    return () => void log.push(`stops, isLeader() ${leadership.isLeader()}`);
  }, [leadership]);
  return h("p", { id: "worker" }, leadership ? `leads with epoch ${leadership.epoch}` : "waits");
}

function Sign() {
  const { leader, error } = useLeader("worker");
  return h("p", { id: "sign" }, error ? String(error) : `${leader?.process ?? "nobody"} leads`);
}

const root = createRoot(document.getElementById("root") ?? document.body);
const show = (...children: Parameters<typeof h>[2][]): void =>
  root.render(h(StrictMode, null, h(ElectionProvider, { client }, ...children)));

const app = {
  log,
  client,
  mount: (place = "left", options: LeaderOptions = {}) =>
    show(h("div", { key: place }, h(Worker, { options }), h(Sign))),
  empty: () => show(),
};
window.app = app;
app.mount();
