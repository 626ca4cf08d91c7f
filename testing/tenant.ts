/** One process of a test group: its machine, the client that users have, and the sockets of its connections. */
import { type ClientOptions, type ElectionClient, openClient } from "../client/client.ts";
import type { PageTarget } from "../client/page.ts";
import type { Fetcher } from "../client/socket.ts";
import type { Link } from "./group/link.ts";
import { drainedBy, ledBy } from "./ledger.ts";
import type { Machine } from "./machine.ts";
import type { Member } from "./member.ts";
import { TestSocket } from "./socket.ts";
import type { Due } from "./timeline.ts";

/** The options of a client, without those that the test group decides: where to connect, and which clock to use. */
export interface TestClientOptions
  extends Omit<ClientOptions, "url" | "group" | "token" | "fetcher" | "WebSocket" | "clock"> {
  /** `process.name`, and the client's name in the history. Default `client-1`, `client-2`, ... */
  readonly name?: string;
  /** The source of page events. Default `false`: none. */
  readonly page?: PageTarget | false;
}

export interface TenantPorts {
  readonly group: string;
  readonly machine: Machine;
  readonly fetcher: Fetcher;
  now(): number;
  /** Called when the first packet on its way to the group has arrived. */
  deliver(link: Link): void;
}

export function createTenant<Component extends string>(
  { page = false, ...given }: TestClientOptions,
  { group, machine, fetcher, now, deliver }: TenantPorts,
): { readonly client: ElectionClient<Component>; readonly member: Member } {
  const sockets = new Map<Link, TestSocket>();
  const process = { ...given.process, name: machine.name };
  const options = { ...given, url: "http://test.invalid", group, process, page, fetcher, clock: machine };
  const connect = (): TestSocket => {
    const link = machine.connect(sockets.size);
    const socket = new TestSocket(link, now);
    sockets.set(link, socket);
    return socket;
  };
  const { client, participant } = openClient<Component>(options, { openSocket: connect });
  function* dues(): Generator<Due> {
    for (const link of machine.links) {
      yield { dueAt: link.up.dueAt, act: () => deliver(link) };
      if (machine.isRunning) yield { dueAt: link.down.dueAt, act: () => receive(sockets.get(link), link) };
    }
    yield machine.next();
  }
  const { driver } = participant;
  const drains = () => drainedBy(driver.state(), ({ info }) => info.component, driver.now());
  const member = memberOf(client as ElectionClient, machine, { dues, leads: () => ledBy(participant), drains });
  return { client, member };
}

const memberOf = (
  client: ElectionClient,
  machine: Machine,
  rest: Pick<Member, "dues" | "leads" | "drains">,
): Member => ({
  ...rest,
  name: machine.name,
  clock: machine,
  get sessionId() {
    return client.sessionId;
  },
  get isDead() {
    return machine.isDead;
  },
  get isRunning() {
    return machine.isRunning;
  },
  partition: () => machine.partition(),
  heal: () => machine.heal(),
  cut: () => machine.cut(),
  delay: (ms) => machine.delay(ms),
  freeze: () => machine.freeze(),
  thaw: () => machine.thaw(),
  kill: (told) => machine.kill(told),
});

function receive(socket: TestSocket | undefined, link: Link): void {
  const packet = link.down.take();
  if (packet !== undefined) socket?.receive(packet);
}
