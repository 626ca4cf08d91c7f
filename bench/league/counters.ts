/** The resource of the leaders: for each election a counter that takes every write, and one that compares tokens. */
import { createServer } from "node:http";
import { type Listening, listen } from "../../tools/harness/loopback.ts";
import type { Read } from "./work.ts";

/** Updates that a later write has undone are the writes that the value does not show. */
export interface Lost {
  readonly open: number;
  readonly fenced: number;
}

export class Counter {
  readonly #open = { value: 0, writes: 0 };
  readonly #fenced = { value: 0, writes: 0 };
  #highest = -1n;

  /** Who reads with a token claims: from then on lower ones are refused. */
  read(token: bigint | undefined): Read {
    const { value: open } = this.#open;
    if (token === undefined || token < this.#highest) return { open };
    this.#highest = token;
    return { open, fenced: this.#fenced.value };
  }

  write(token: bigint | undefined, open: number, fenced: number | undefined): void {
    this.#open.value = open;
    this.#open.writes += 1;
    if (fenced === undefined || token === undefined || token < this.#highest) return;
    this.#highest = token;
    this.#fenced.value = fenced;
    this.#fenced.writes += 1;
  }

  /** Whether a reader had a token. */
  isClaimed(): boolean {
    return this.#highest >= 0n;
  }

  lost(): Lost {
    return { open: this.#open.writes - this.#open.value, fenced: this.#fenced.writes - this.#fenced.value };
  }
}

/** Serves the counters, and to a browser a page with this script. */
export async function serveCounters(counters: readonly Counter[], script = ""): Promise<Listening> {
  const answer = (url: string): [type: string, body: string] => {
    const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
    if (pathname === "/page.js") return ["text/javascript", script];
    const counter = counters[Number(searchParams.get("election"))];
    const token = searchParams.has("token") ? BigInt(searchParams.get("token") ?? "") : undefined;
    if (counter === undefined || !["/read", "/write"].includes(pathname)) return ["text/html", PAGE];
    if (pathname === "/read") return ["application/json", JSON.stringify(counter.read(token))];
    const fenced = searchParams.get("fenced");
    counter.write(token, Number(searchParams.get("open")), fenced === null ? undefined : Number(fenced));
    return ["text/plain", "written"];
  };
  return listen(
    createServer(({ url = "/" }, response) => {
      const [type, body] = answer(url);
      response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
    }),
  );
}

const PAGE = '<!doctype html><title>member</title><script type="module" src="/page.js"></script>';
