/** This project beside its peers: its full client, and the backend of the bench. */
import { createElectionClient } from "../../client/node/index.ts";
import { withBackend } from "../backend.ts";
import type { Connect } from "./contender.ts";

/** Its log has errors only, as with `npm start`: nobody reads what the peers' servers write. */
const QUIET = { LOG_LEVEL: "error" };

export const withOurs = <T>(work: (address: string) => Promise<T>, leaseMs?: number): Promise<T> =>
  withBackend({ ...QUIET, ...(leaseMs !== undefined && { LEASE_MS: String(leaseMs) }) }, ({ url }) => work(url));

/** Who resigns goes to the back of the queue by itself, and may be granted again before it is told to stand. */
export const connectOurs: Connect = async (url, group) => {
  const client = createElectionClient({ url, group, signals: false });
  const connected = new Promise<void>((resolve) => {
    client.onStateChange((state) => state === "connected" && resolve());
  });
  let isIn = false;
  let isGranted = false;
  let tell: (() => void) | undefined;
  const settle = (): void => {
    if (!isGranted || tell === undefined) return;
    const lead = tell;
    [isGranted, tell] = [false, undefined];
    lead();
  };
  const onGrant = (): void => {
    isGranted = true;
    settle();
  };
  return {
    async stand(lead) {
      tell = lead;
      if (!isIn) client.contend("a", { onGrant });
      isIn = true;
      settle();
      await connected;
    },
    resign: () => client.resign(),
    close: () => client.close(),
  };
};
