/** Of all tabs of this page, one polls. The others show what it finds, and one of them follows when it is closed. */
import { createElectionClient } from "edge-election";
import { ElectionProvider, useLeader } from "edge-election/react";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

const name = `tab ${Math.random().toString(36).slice(2, 6)}`;
const url = new URLSearchParams(location.search).get("url") ?? location.origin;
const client = createElectionClient({ url, group: "prices", process: { name } });
const news = new BroadcastChannel("prices");

function Prices() {
  const { leadership, leader } = useLeader("poller");
  const [price, setPrice] = useState("no price yet");
  useEffect(() => {
    news.onmessage = ({ data }) => setPrice(String(data));
  }, []);
  useEffect(() => {
    if (!leadership) return undefined;
    const poll = (): void => {
      const found = `1 € by ${name}`;
      setPrice(found);
      news.postMessage(found);
    };
    const timer = setInterval(poll, 500);
    return () => clearInterval(timer);
  }, [leadership]);
  return (
    <p>
      {leadership ? "This tab polls" : `${leader?.process ?? "Nobody"} polls`}: {price}
    </p>
  );
}

createRoot(document.getElementById("root") ?? document.body).render(
  <StrictMode>
    <ElectionProvider client={client}>
      <Prices />
    </ElectionProvider>
  </StrictMode>,
);
