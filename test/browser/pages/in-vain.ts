/** A page that asks where there is a failure. */
import { createElectionClient } from "../../../client/index.ts";
import { askInVain } from "../../support/ask-in-vain.ts";
import type { Asked, Heard } from "../../support/failures.ts";

declare global {
  interface Window {
    ask: (asked: Asked) => Promise<Heard>;
  }
}

window.ask = (asked) => askInVain(createElectionClient, asked);
