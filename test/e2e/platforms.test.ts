/** The default entry point on a platform that brings no class of sockets, as Node 20 is one. */

import { expect, test } from "vitest";
import { CLIENT_ENTRY } from "../../tools/harness/built.ts";
import { runProgram } from "../../tools/harness/child-process.ts";

/** Runs a module; resolves with what it wrote, once it has ended by itself. */
async function withoutSockets(body: string): Promise<unknown> {
  const source = `import { createElectionClient } from ${JSON.stringify(CLIENT_ENTRY)};
    const outcomes = [];
    const note = (error) => outcomes.push(error instanceof TypeError && error.code + ": " + error.message);
    const options = { url: "http://127.0.0.1:9", group: "g" };
    ${body}
    console.log(JSON.stringify(outcomes));`;
  const program = runProgram(process.execPath, ["--no-experimental-websocket", "--input-type=module", "-e", source]);
  const ending = await program.ended;
  return { ...ending, outcomes: ending.code === 0 ? JSON.parse(program.output()) : program.output() };
}

const REFUSAL =
  'invalid_argument: this platform has no WebSocket: import from "edge-election/node", or give a class of sockets as `WebSocket`';

test("[E4] every call that needs a session is refused at once, and nothing is retried", async () => {
  const outcome = await withoutSockets(`
    const client = createElectionClient(options);
    client.onError(note);
    try { client.contend("x"); } catch (error) { note(error); }
    await client.elect("x", () => {}).catch(note);
    await client.acquire("x").catch(note);
    await client.terms("x").next().catch(note);
    await client.observe("x").next().catch(note);
    outcomes.push(client.state);
    await client.close();`);
  expect(outcome).toEqual({ code: 0, signal: null, outcomes: [...Array<string>(5).fill(REFUSAL), "idle"] });
});

test("[E4] a client that is made where pages are rendered, and not used there, is no error", async () => {
  const outcome = await withoutSockets(`
    const client = createElectionClient(options);
    outcomes.push(client.health().status);
    await client.close();`);
  expect(outcome).toEqual({ code: 0, signal: null, outcomes: ["ok"] });
});

test("[E4] a class that is given, or that comes before the first use, is taken", async () => {
  const outcome = await withoutSockets(`
    class Opened { readyState = 0; constructor(url) { outcomes.push(url); } addEventListener() {} close() { this.readyState = 3; } }
    for (const given of [{ WebSocket: Opened }, {}]) {
      const client = createElectionClient({ ...options, ...given });
      if (!given.WebSocket) globalThis.WebSocket = Opened;
      client.contend("x");
      await new Promise((turn) => setTimeout(turn));
      await client.close();
    }`);
  const url = "ws://127.0.0.1:9/v1/groups/g/session";
  expect(outcome).toEqual({ code: 0, signal: null, outcomes: [url, url] });
});
