/**
 * A proxy in front of the backend that lets in so many upgrades a second, as one object does, and answers 503 to all others. A
 * second that was idle counts for the next.
 * Its argument is the backend's port. It prints its own, and takes orders by lines: `rate N`, `count`.
 */
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

const [backend = 0] = process.argv.slice(2).map(Number);
const REFUSAL = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const END_OF_HEAD = "\r\n\r\n";

/** Before the first order: more than anybody needs. */
let perSecond = 1e6;
let [tokens, countedAt] = [perSecond, performance.now()];
let [admitted, refused] = [0, 0];
const peers = new Set<Socket>();

function admits(): boolean {
  const now = performance.now();
  tokens = Math.min(tokens + ((now - countedAt) / 1_000) * perSecond, perSecond);
  countedAt = now;
  if (tokens < 1) return false;
  tokens -= 1;
  return true;
}

const ignore = (): void => undefined;

const server = createServer((peer) => {
  let head = Buffer.alloc(0);
  const read = (data: Buffer): void => {
    head = Buffer.concat([head, data]);
    if (!head.includes(END_OF_HEAD)) return;
    peer.off("data", read).pause();
    if (!/^upgrade:/im.test(head.toString("latin1")) || admits()) pass(peer, head);
    else refuse(peer);
  };
  peer.on("data", read).on("error", ignore);
});

function refuse(peer: Socket): void {
  refused += 1;
  peer.end(REFUSAL);
}

function pass(peer: Socket, head: Buffer): void {
  const far = connect({ port: backend, host: "127.0.0.1", noDelay: true });
  far.on("error", ignore);
  far.once("connect", () => {
    admitted += 1;
    peers.add(peer);
    far.write(head);
    peer.setNoDelay().pipe(far).pipe(peer);
  });
  far.on("close", () => {
    if (!peers.has(peer) && !peer.destroyed)
      refuse(peer); // nobody listens there now
    else peer.destroy();
  });
  peer.on("close", () => {
    peers.delete(peer);
    far.destroy();
  });
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const [order, value] = line.split(" ");
  if (order === "rate") perSecond = Number(value);
  process.stdout.write(`done ${line}: ${admitted} ${refused}\n`);
});
process.stdin.on("end", () => process.exit());

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.stdout.write(`listening ${address.port}\n`);
});
