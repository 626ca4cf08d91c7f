/** One of the tabs of this page polls. The others show its results, and one of them takes over when it is closed. */
import { createElectionClient } from "edge-election";
import { ElectionProvider, useLeader } from "edge-election/react";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

const name = `tab ${Math.random().toString(36).slice(2, 6)}`;
const url = new URLSearchParams(location.search).get("url") ?? location.origin;
const client = createElectionClient({ url, group: "prices", process: { name } });
const prices = new BroadcastChannel("prices");

function Prices() {
  const { leadership, leader } = useLeader("poller");
  const [price, setPrice] = useState("no price yet");
  useEffect(() => {
    prices.onmessage = ({ data }) => setPrice(String(data));
  }, []);
  useEffect(() => {
    if (!leadership) return undefined;
    const poll = (): void => {
      const found = `1 € by ${name}`;
      setPrice(found);
      prices.postMessage(found);
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
