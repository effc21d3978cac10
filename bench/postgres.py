# SPDX-License-Identifier: Apache-2.0
"""As much of PostgreSQL's protocol as the rows about pgbouncer need: many clients that connect at
once, and one that is connected already and feels it.

    python3 bench/postgres.py stall PORT DATABASE    a client that asks all the time: prints `ready`,
                                                     and at the end of its input the longest wait
Its user and password are the first two lines of standard input."""
import select
import selectors
import socket
import struct
import sys
import threading
import time


def startup(user, database):
    body = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database))
    body = struct.pack("!I", 196608) + body + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def message(kind, text):
    body = text.encode() + b"\0"
    return kind + struct.pack("!I", len(body) + 4) + body


class Client:
    """One connection, driven by what arrives. `done` is the time of ReadyForQuery or the end."""

    def __init__(self, address, user, password, database):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(address)
        self.user, self.password, self.database = user, password, database
        self.started = False
        self.done = None
        self.ok = False
        self.buffer = b""

    def on_writable(self):
        if not self.started:
            self.socket.send(startup(self.user, self.database))
            self.started = True

    def on_readable(self):
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.done = time.monotonic()
            return
        self.buffer += data
        while len(self.buffer) >= 5:
            length = struct.unpack("!I", self.buffer[1:5])[0] + 1
            if len(self.buffer) < length:
                return
            self.on_message(self.buffer[:1], self.buffer[5:length])
            self.buffer = self.buffer[length:]

    def on_message(self, kind, body):
        if kind == b"R" and body[:4] == b"\0\0\0\3":
            self.socket.send(message(b"p", self.password))
        elif kind == b"Z":
            self.ok, self.done = True, time.monotonic()
        elif kind == b"E":
            self.done = time.monotonic()


def connect_all(address, people, database, patience=120):
    """Connects all at once; seconds until the last is in (or refused), and how many are in."""
    begin = time.monotonic()
    clients = [Client(address, user, password, database) for user, password in people]
    waiting = selectors.DefaultSelector()
    for client in clients:
        waiting.register(client.socket, selectors.EVENT_WRITE, client)
    left = len(clients)
    while left and time.monotonic() < begin + patience:
        for key, _ in waiting.select(1):
            client = key.data
            if not client.started:
                client.on_writable()
                waiting.modify(client.socket, selectors.EVENT_READ, client)
                continue
            client.on_readable()
            if client.done is not None:
                waiting.unregister(client.socket)
                left -= 1
    for client in clients:
        client.socket.close()
    return (max((c.done or time.monotonic()) for c in clients) - begin,
            sum(c.ok for c in clients))


def ask(client):
    """One `select 1`; the seconds that it took."""
    begin = time.monotonic()
    client.done = None
    client.socket.send(message(b"Q", "select 1"))
    while client.done is None:
        select.select([client.socket], [], [], 60)
        client.on_readable()
    if not client.ok:
        sys.exit("the connected client was thrown out")
    return time.monotonic() - begin


def stall(port, database):
    user, password = sys.stdin.readline().strip(), sys.stdin.readline().strip()
    client = Client(("127.0.0.1", port), user, password, database)
    ended = threading.Event()
    longest = 0.0
    select.select([], [client.socket], [], 60)
    client.on_writable()
    while client.done is None:
        select.select([client.socket], [], [], 60)
        client.on_readable()
    if not client.ok:
        sys.exit("the client cannot connect")
    print("ready", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.wait(0.002):
        longest = max(longest, ask(client))
    print(longest, flush=True)


if __name__ == "__main__":
    stall(int(sys.argv[2]), sys.argv[3])
