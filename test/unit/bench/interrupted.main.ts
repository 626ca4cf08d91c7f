/** A row of the bench that is at work until the test interrupts it: prints the server that it has started, and its folder. */
import { connect } from "node:net";
import { withServer } from "../../../bench/peers/server.ts";
import { exitOnSignals } from "../../../bench/signals.ts";
import { freePort } from "../../../cli/backend/free-port.ts";

// A probe that only looks whether it listens hangs up at once, and resets what was written to it.
const SERVER = `require("node:net").createServer((socket) => {
  socket.on("error", () => undefined);
  socket.write("serves " + process.argv[1] + " " + process.cwd() + "\\n");
}).listen(Number(process.argv[1]), "127.0.0.1")`;

exitOnSignals();
const port = await freePort();
await withServer(
  process.execPath,
  () => ["--eval", SERVER, String(port)],
  port,
  async () => {
    connect(port, "127.0.0.1").pipe(process.stdout);
    await new Promise(() => undefined);
  },
);
