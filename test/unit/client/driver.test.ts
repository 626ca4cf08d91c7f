/** What becomes of a socket that comes late, or fails early. */
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { createDriver, type Driver, type DriverPorts } from "../../../client/driver.ts";
import type { Socket } from "../../../client/socket.ts";
import { systemClock } from "../../../client/system-clock.ts";
import { FakeGroup, settle } from "./fake-group.ts";

/** As those of ws: its event "error" throws where nobody listens. */
class Emitting implements Socket {
  readonly #events = new EventEmitter();
  readyState = 0;
  readonly addEventListener: Socket["addEventListener"] = (type, listener) =>
    void this.#events.on(type, () => listener({}));

  send(): void {}

  close(): void {
    this.readyState = 3;
    this.#events.emit("error");
    this.#events.emit("close");
  }
}

/** A driver that connects at once. */
function connecting(network: Pick<DriverPorts, "askToken" | "openSocket">): Driver {
  const driver = createDriver(
    { process: {}, priority: 0, onDisconnect: "keep", drainMs: Infinity, lingerMs: 0 },
    { clock: systemClock, perform: () => {}, report: () => {}, changed: () => {}, ...network },
  );
  driver.dispatch({ type: "register", contender: 1, info: { component: "x" } });
  return driver;
}

test("[X8] an attempt that is over when its token comes opens no socket", async () => {
  const token = Promise.withResolvers<string>();
  let opened = 0;
  const driver = connecting({
    askToken: () => token.promise,
    openSocket() {
      opened += 1;
      return new Emitting();
    },
  });
  driver.dispatch({ type: "bye" });
  token.resolve("late");
  await settle();
  expect(opened).toBe(0);
});

test("[X8] a socket that a fetcher brings when the attempt is over is listened to, and closed", async () => {
  const upgrade = Promise.withResolvers<Socket>();
  const socket = new Emitting();
  const driver = connecting({ askToken: async () => undefined, openSocket: () => upgrade.promise });
  await settle();
  driver.dispatch({ type: "bye" });
  upgrade.resolve(socket);
  await settle();
  expect([socket.readyState, driver.state().connection.type]).toEqual([3, "closed"]);
});

test("[X8] a socket that throws when it is closed is reported, and the next one is opened", async () => {
  const group = new FakeGroup();
  const client = group.client();
  const errors: unknown[] = [];
  client.onError((error) => errors.push(error));
  const first = client.contend("x");
  await settle();
  group.socket.close = () => {
    throw new Error("closed already");
  };
  await first.close();
  client.contend("y");
  await settle();
  expect(errors).toMatchObject([{ message: "closed already" }]);
  expect(client.health()).toMatchObject({ status: "ok", leads: [{ component: "y" }] });
});

test("[X8] a socket that fails in the turn in which it is made is a lost connection, and no error of the process", async () => {
  const driver = connecting({
    askToken: async () => undefined,
    openSocket() {
      const socket = new Emitting();
      queueMicrotask(() => socket.close());
      return socket;
    },
  });
  await settle();
  expect(driver.state().connection.type).toBe("waiting");
  driver.dispatch({ type: "bye" });
});
