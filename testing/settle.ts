/** Lets promises go on while time stands still. */

/** Enough for chains of any sensible length, on platforms without `MessageChannel`. */
const TURNS = 200;

/**
 * Resolves when every promise that can go on has gone on: after one turn of the event loop, which needs no clock. Work of
 * the platform (files, sockets, timers) is not waited for.
 */
export async function settle(): Promise<void> {
  if (typeof MessageChannel === "function") return turnOfTheEventLoop();
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
}

function turnOfTheEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
