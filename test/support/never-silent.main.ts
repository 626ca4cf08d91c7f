/**
 * A real process that listens to no error: `node never-silent.main.ts CONFIG`. It contends, and ends by itself: when its
 * client is closed for good, or once it could not connect for `patienceMs`.
 */
import { importClient } from "../../tools/harness/built.ts";
import { configuration } from "../../tools/harness/configuration.ts";

export interface NeverSilentConfig {
  /** URL of the built entry point for Node. */
  readonly entry: string;
  readonly url: string;
  readonly token?: string;
  readonly patienceMs: number;
}

const { entry, url, token, patienceMs } = configuration<NeverSilentConfig>();
const { createElectionClient } = await importClient(entry);
const client = createElectionClient({ url, group: "shop", ...(token !== undefined && { token }) });
client.contend("dispatcher");

const looks = setInterval(() => {
  const { state, disconnectedMs = 0 } = client.health();
  if (state !== "closed" && disconnectedMs < patienceMs) return;
  clearInterval(looks);
  void client.close();
}, 100);
