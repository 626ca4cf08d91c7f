/**
 * ZooKeeper's recipe by node-zookeeper-client. A leader whose connection is lost pauses, and leads on if its session is
 * still there when it is back; one whose session has expired stands again. Its fencing token is the id of the transaction
 * that made its node.
 */
import type { Client } from "node-zookeeper-client";
import { zooKeeperLibrary } from "../../peers/zookeeper.ts";
import type { Place, Stand, Term } from "../term.ts";

type Library = Awaited<ReturnType<typeof zooKeeperLibrary>>;

const AGAIN_MS = 100;

export const stand: Stand = async (place, lead) => {
  const library = await zooKeeperLibrary();
  const session = (): void => void new Session(library, place, lead, () => setTimeout(session, AGAIN_MS));
  session();
};

class Session {
  readonly #library: Library;
  readonly #client: Client;
  readonly #root: string;
  readonly #lead: (term: Term) => void;
  readonly #ended: () => void;
  #node: "none" | "asked for" | { readonly name: string } = "none";
  #isOver = false;
  #leads = false;

  constructor(library: Library, { port, election, leaseMs }: Place, lead: (term: Term) => void, ended: () => void) {
    this.#library = library;
    this.#root = `/${election}`;
    this.#lead = lead;
    this.#ended = ended;
    this.#client = library.createClient(`127.0.0.1:${port}`, { sessionTimeout: leaseMs });
    this.#client.on("connected", () => this.#connected()).on("expired", () => this.#end());
    this.#client.connect();
  }

  #connected(): void {
    // Whether a node that was asked for is there can't be known: another session makes another one.
    if (this.#node === "asked for") return this.#end();
    if (this.#node === "none") this.#makeNode();
    else this.#watch();
  }

  #makeNode(): void {
    const { PERSISTENT, EPHEMERAL_SEQUENTIAL } = this.#library.CreateMode;
    this.#node = "asked for";
    this.#client.create(this.#root, PERSISTENT, () => {
      // It is there, or the next one fails as well.
      this.#client.create(`${this.#root}/n-`, EPHEMERAL_SEQUENTIAL, (error, path) => {
        if (error !== null) return;
        this.#node = { name: path.slice(this.#root.length + 1) };
        this.#watch();
      });
    });
  }

  /** A failure is the loss of the connection: it looks again when it is back. */
  #watch(): void {
    const node = this.#node;
    if (typeof node === "string" || this.#isOver || this.#leads) return;
    this.#client.getChildren(this.#root, (error, names) => {
      if (error !== null) return;
      const sorted = [...names].sort();
      const index = sorted.indexOf(node.name);
      if (index < 0) return this.#end();
      if (index === 0) return this.#win(node.name);
      const before = `${this.#root}/${sorted[index - 1]}`;
      this.#client.exists(
        before,
        () => this.#watch(),
        (failed, found) => {
          if (failed === null && found === null) this.#watch();
        },
      );
    });
  }

  #win(name: string): void {
    this.#client.exists(`${this.#root}/${name}`, (error, stat) => {
      if (error !== null || stat === null || this.#leads) return;
      this.#leads = true;
      const { SYNC_CONNECTED } = this.#library.State;
      this.#lead({
        token: stat.czxid.readBigInt64BE().toString(),
        holds: () => !this.#isOver && this.#client.getState() === SYNC_CONNECTED,
      });
    });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#client.close();
    this.#ended();
  }
}
