"""A client of edge-election in Python 3, written from PROTOCOL.md, with nothing but the standard library.

    python3 leader.py URL GROUP COMPONENT [SECONDS]

It contends until it has led for so many seconds (by default until SIGTERM or SIGINT), prints when it leads and when it
stops, resumes its session after a lost connection, and leaves in order.
"""
import base64
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time
from urllib.parse import quote, urlsplit


def clock():
    """Milliseconds that never go back. Where a machine sleeps, time.CLOCK_BOOTTIME counts that, too (rule 3)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) * 1000


class Lost(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Line:
    """One WebSocket: text frames, and a close code when it ends."""

    def __init__(self, url, group, name, timeout):
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port or 80), timeout)
        request = [
            f"GET {address.path.rstrip('/')}/v1/groups/{quote(group, safe='')}/session HTTP/1.1",
            f"Host: {address.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Protocol: edge-election.v1",
            f"Edge-Election-Client: {name}",
        ]
        self.socket.sendall("\r\n".join(request + ["", ""]).encode())
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self.receive()
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise Lost(1006)

    def receive(self):
        try:
            more = self.socket.recv(65536)
        except OSError as error:
            raise Lost(1006) from error
        if not more:
            raise Lost(1006)
        self.bytes += more

    def send(self, text, opcode=1):
        payload, mask = text.encode(), os.urandom(4)
        size = len(payload)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 65536:
            length = struct.pack("!BH", 0x80 | 126, size)
        else:
            length = struct.pack("!BQ", 0x80 | 127, size)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        try:
            self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)
        except OSError as error:
            raise Lost(1006) from error

    def texts(self):
        """What has arrived. The group sends each message as one frame."""
        while len(self.bytes) >= 2:
            opcode, size, start = self.bytes[0] & 15, self.bytes[1] & 127, 2
            if size > 125:
                start, form = (4, "!H") if size == 126 else (10, "!Q")
                if len(self.bytes) < start:
                    return
                size = struct.unpack(form, self.bytes[2:start])[0]
            if len(self.bytes) < start + size:
                return
            payload, self.bytes = self.bytes[start : start + size], self.bytes[start + size :]
            if opcode == 8:
                raise Lost(struct.unpack("!H", payload[:2])[0] if size >= 2 else 1005)
            if opcode == 1:
                yield payload.decode()


class Client:
    def __init__(self, url, group, component):
        self.url, self.group, self.component, self.name = url, group, component, f"python-{os.getpid()}"
        self.line = self.session = self.lease = None
        self.attempt = self.sent_at = self.ended_epoch = 0
        self.id, self.until, self.epoch = None, 0, 0  # what it leads by
        self.refused = False

    # Statements (rules 1, 2)

    def statement(self, type, **fields):
        now = clock()
        self.sent_at = max(now, self.sent_at + 0.001)
        self.statements[self.sent_at] = (now, fields.get("held", []))
        if type in ("hello", "renew"):
            self.unanswered[self.sent_at] = now
        self.send(type, sentAt=self.sent_at, **fields)

    def send(self, type, **fields):
        self.line.send(json.dumps({"type": type, **fields}))

    def renew(self):
        held = [self.id] if self.id else []
        self.statement("renew", held=held)
        self.renew_at = clock() + (self.lease["renewEveryMs"] if held else self.check_ms)
        self.ping_at = clock() + self.ping_ms

    # Connections (rules 11, 12, 16)

    def connect(self):
        self.line = Line(self.url, self.group, self.name, 2)
        self.attempt += 1
        self.statements, self.unanswered, self.renew_at, self.ping_at = {}, {}, float("inf"), float("inf")
        held = [self.id] if self.id else []
        fields = {"process": {"name": self.name}, "contenders": [{"component": self.component}], "held": held}
        if self.session:
            sessionId, secret = self.session
            fields["resume"] = {"sessionId": sessionId, "secret": secret, "attempt": self.attempt}
        else:
            del fields["held"]
        self.statement("hello", **fields)

    def lost(self, code):
        self.line.socket.close()
        self.line = None
        if code in (4400, 4403, 4413, 4426):
            sys.exit(f"the group refuses this client: {code}")
        if code == 4409:
            self.stop("replaced")
            self.session = None
        wait = 10_000 * (1 + random.random()) if code in (1013, 4429) and not self.id else 1000 * random.random()
        if self.id:
            wait = min(wait, self.lease["renewDeadlineMs"] / 8)
        return wait

    # Leadership

    def leads(self):
        """Asked before each piece of work: never later than R after the statement was sent (rules 1, 3)."""
        return self.id is not None and clock() < self.until

    def start(self, grant, until):
        self.id, self.until, self.epoch = grant["leaderSessionId"], until, grant["epoch"]
        print(f"leads with epoch {self.epoch}", flush=True)
        self.renew()
        self.send("confirm", id="1", component=self.component, leaderSessionId=self.id)

    def stop(self, why):
        """The work of this program stops at once. Returns what it has led by."""
        ended, self.id = self.id, None
        if ended:
            self.ended_epoch = max(self.ended_epoch, self.epoch)
            print(f"stops: {why}", flush=True)
        return ended

    def expire(self):
        """Deadlines come before messages (rule 4)."""
        if self.id and clock() >= self.until:
            ended = self.stop("expired")
            if self.line:
                self.statement("release", leaderSessionId=ended)

    # Messages

    def hear(self, text):
        if text == "pong":
            return
        message = json.loads(text)
        handle = getattr(self, "on_" + message["type"], None)
        if handle:
            handle(message)

    def answered(self, message):
        at, asked = self.statements.get(message["sentAt"], (0, []))
        self.statements = {name: one for name, one in self.statements.items() if name >= message["sentAt"]}
        self.unanswered = {name: sent for name, sent in self.unanswered.items() if name > message["sentAt"]}
        if not self.id or self.id not in asked:
            return
        if self.id in message["held"]:
            self.until = max(self.until, at + self.lease["renewDeadlineMs"])
        else:
            self.statement("release", leaderSessionId=self.stop("lost"))

    def on_welcome(self, message):
        self.lease, self.session = message["lease"], (message["sessionId"], message["secret"])
        self.ping_ms, self.check_ms = message["pingEveryMs"], message["checkEveryMs"]
        self.answer_ms = message["answerTimeoutMs"]
        if not message["resumed"]:
            self.stop("another session")
        self.answered(message)
        self.renew_at = clock() + (self.lease["renewEveryMs"] if self.id else self.check_ms)
        self.ping_at = clock() + self.ping_ms

    def on_renewed(self, message):
        self.answered(message)

    def on_grant(self, message):
        if message["joined"] or message["leaderSessionId"] == self.id:
            return
        if self.refused:
            return self.send("release", leaderSessionId=message["leaderSessionId"])
        at, _ = self.statements.get(message["sentAt"], (None, None))
        until = at + self.lease["renewDeadlineMs"] if at is not None else 0
        if clock() < until and message["epoch"] > self.ended_epoch and not self.id:
            self.start(message, until)
        else:
            self.ended_epoch = max(self.ended_epoch, message["epoch"])
            self.send("release", leaderSessionId=message["leaderSessionId"])

    def on_next(self, message):
        self.renew_at = min(self.renew_at, clock() + message["inMs"])

    def on_revoke(self, message):
        if message["leaderSessionId"] == self.id:
            self.statement("release", leaderSessionId=self.stop(message["reason"]))

    def on_error(self, message):
        if message.get("component") == self.component and "id" not in message:
            self.refused = True
            print(f"refused: {message['message']}", flush=True)

    # Time

    def patience_ms(self):
        """A path whose answers do not come is dead: found early while a lease would be lost."""
        return self.answer_ms if self.id else 10_000

    def due(self):
        answers = [at + self.patience_ms() for at in self.unanswered.values()]
        return min([self.renew_at, self.ping_at, self.until if self.id else float("inf"), *answers])

    def tick(self):
        self.expire()
        if any(clock() >= at + self.patience_ms() for at in self.unanswered.values()):
            raise Lost(4408)
        if self.renew_at <= clock():
            self.renew()
        elif self.ping_at <= clock():
            self.ping_at = clock() + self.ping_ms
            self.line.send("ping")

    def leave(self):
        """Stops, and then says so: nobody waits for a lease (rule 7)."""
        ended = self.stop("leaves")
        if self.line:
            if ended:
                self.send("resign", leaderSessionId=ended)
            self.send("bye")
            self.line.socket.close()


def main(url, group, component, seconds=float("inf")):
    client, retry_at, led_since = Client(url, group, component), 0, None
    ends = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ends.append(True))
    while not ends:
        try:
            if client.line is None:
                client.expire()
                if clock() < retry_at:
                    time.sleep(min(0.05, (retry_at - clock()) / 1000))
                    continue
                client.connect()
            client.tick()
            wait = max(0, min(client.due() - clock(), 200)) / 1000
            if select.select([client.line.socket], [], [], wait)[0]:
                client.line.receive()
                for text in client.line.texts():
                    client.expire()
                    client.hear(text)
        except Lost as lost:
            retry_at = clock() + client.lost(lost.code) if client.line else clock() + 1000 * random.random()
        except OSError:
            retry_at = clock() + 1000 * random.random()
        led_since = (led_since or clock()) if client.leads() else None
        if led_since and clock() - led_since > seconds * 1000:
            break
    client.leave()


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:4], *map(float, sys.argv[4:5]))
