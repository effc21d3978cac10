# SPDX-License-Identifier: Apache-2.0
"""The callers' protocol (libdblabauth/wire/frame.h), spoken by hand: as the library speaks it,
and as nobody should. Words for numbers are read from the headers, so they cannot differ."""

import re
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
MODEL = TOP / "libdblabauth" / "model"

AUTH, ACCOUNT, CHECK, STATUS, METRICS, RELOAD = range(1, 7)
RESULTS = ["unavailable", "accepted", "refused", "limited", "denied"]
REASONS = {
    int(number): word
    for number, word in re.findall(
        r"X\(DBA_REASON_\w+, (\d+), \"([^\"]+)\"", (MODEL / "result.h").read_text()
    )
}
CAUSES = re.findall(r"X\(DBA_CAUSE_\w+, \"([^\"]+)\"", (MODEL / "answer.h").read_text())
NO_UID = 0xFFFFFFFF


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<H", len(data)) + data


def request(op, token="", user="", service="", uid=NO_UID, rhost="", tty="", ruser="",
            wait_ms=5000):
    body = struct.pack("<II", wait_ms, uid)
    for text in (service, user, rhost, tty, ruser, token):
        body += string(text)
    return b"DBq1" + struct.pack("<HHI", op, 0, len(body)) + body


@dataclass
class Reply:
    op: int
    result: str
    reason: str
    cause: str
    personal: bool
    org_id: int
    email: str
    user: str
    text: str

    def __str__(self):
        return f"{self.result}/{self.reason}/{self.cause}"


def parse(data):
    """The one reply in `data`; None where there is none (the keeper hung up)."""
    if not data:
        return None
    magic, op, result, length = struct.unpack_from("<4sHHI", data)
    assert magic == b"DBr1" and len(data) == 12 + length, data[:40]
    reason, personal, cause, org_id = struct.unpack_from("<HBBq", data, 12)
    at = 24
    texts = []
    for kind in ("<H", "<H", "<I"):
        (size,) = struct.unpack_from(kind, data, at)
        at += struct.calcsize(kind)
        texts.append(data[at : at + size].decode())
        at += size
    assert at == len(data)
    return Reply(op, RESULTS[result], REASONS[reason], CAUSES[cause], bool(personal), org_id,
                 *texts)


def receive(sock):
    """What comes until the end of the connection."""
    data = b""
    while True:
        try:
            part = sock.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            return data
        data += part


def connect(path, seconds=20.0):
    """Waits for its turn where the queue is full: a socket with Python's timeout would not."""
    sock = socket.socket(socket.AF_UNIX)
    limit = max(seconds, 0.001)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                    struct.pack("ll", int(limit), int(limit % 1 * 1e6)))
    sock.connect(str(path))
    sock.settimeout(limit)
    return sock


def ask(path, frame, seconds=20.0, again=True):
    """As the library does: a connection that ends before the reply is made again."""
    end = time.monotonic() + seconds
    while True:
        with connect(path, end - time.monotonic()) as sock:
            try:
                sock.sendall(frame)
            except (BrokenPipeError, ConnectionResetError):
                pass
            reply = parse(receive(sock))
        if reply is not None or not again or time.monotonic() > end:
            return reply


class Crowd:
    """Many callers at once: each connects and asks; then the replies are read."""

    def __init__(self, path, frames):
        self.sockets = []
        for frame in frames:
            sock = connect(path)
            sock.sendall(frame)
            self.sockets.append(sock)

    def replies(self):
        found = []
        for sock in self.sockets:
            found.append(parse(receive(sock)))
            sock.close()
        return found
