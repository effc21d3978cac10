# SPDX-License-Identifier: Apache-2.0
"""Hostile callers: whatever they send, others are served."""

import os
import resource
import signal
import socket
import struct
import time

import pytest

import wire
from daemon import As, wait_until


def login(token="token-of-alice", **fields):
    return wire.request(wire.AUTH, token=token, user="alice", service="sshd", uid=2001, **fields)


def still_serves(world):
    assert world.daemon.auth("token-of-alice").result == "accepted"


GOOD = login()
GARBAGE = {
    "nothing but noise": os.urandom(4096),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "magic of a reply": b"DBr1" + GOOD[4:],
    "another version": b"DBq2" + GOOD[4:],
    "no such op": GOOD[:4] + struct.pack("<H", 99) + GOOD[6:],
    "op 0": GOOD[:4] + struct.pack("<H", 0) + GOOD[6:],
    "a reserved field": GOOD[:6] + struct.pack("<H", 1) + GOOD[8:],
    "length of 4 GiB": GOOD[:8] + struct.pack("<I", 0xFFFFFFFF) + GOOD[12:],
    "length too large": GOOD[:8] + struct.pack("<I", 5000) + GOOD[12:] + b"x" * 5000,
    "length too small": GOOD[:8] + struct.pack("<I", 10) + GOOD[12:],
    "length 0": GOOD[:8] + struct.pack("<I", 0),
    "trailing bytes": GOOD + b"x",
    "two frames": GOOD + GOOD,
    "a string past the end": GOOD[:20] + struct.pack("<H", 0xFFFF) + GOOD[22:],
    "a NUL in a name": login(tty=b"pts\0x"),
    "control bytes in a name": wire.request(wire.AUTH, token="t", user="al\nice", service="sshd"),
    "too long a service": wire.request(wire.AUTH, token="t", user="alice", service="s" * 64),
    "too long a user": wire.request(wire.AUTH, token="t", user="u" * 255, service="sshd"),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_hung_up_on(served, name):
    with wire.connect(served.daemon.socket) as sock:
        try:
            sock.sendall(GARBAGE[name])
        except (BrokenPipeError, ConnectionResetError):
            pass
        reply = wire.parse(wire.receive(sock))
    assert reply is None or reply.result in ("refused", "denied")
    still_serves(served)


def test_half_a_frame_is_given_up(served):
    halves = [GOOD[:size] for size in (0, 1, 11, 12, 40, len(GOOD) - 1)]
    crowd = [wire.connect(served.daemon.socket) for _ in halves]
    for sock, half in zip(crowd, halves):
        sock.sendall(half)
    still_serves(served)
    for sock in crowd:
        assert wire.receive(sock) == b""
        sock.close()


def test_a_frame_may_come_in_pieces(served):
    with wire.connect(served.daemon.socket) as sock:
        for at in range(0, len(GOOD), 7):
            sock.sendall(GOOD[at : at + 7])
        assert wire.parse(wire.receive(sock)).result == "accepted"


def test_a_slow_writer_has_a_second_in_all(served):
    with wire.connect(served.daemon.socket) as sock:
        try:
            for byte in GOOD:
                sock.sendall(bytes([byte]))
                time.sleep(0.02)
        except (BrokenPipeError, ConnectionResetError):
            return
        assert wire.receive(sock) == b""


def test_a_reader_that_never_reads(served):
    crowd = [wire.connect(served.daemon.socket) for _ in range(50)]
    for sock in crowd:
        sock.sendall(wire.request(wire.METRICS))
    still_serves(served)
    for sock in crowd:
        sock.close()


def test_callers_that_die_while_they_wait(running):
    running.platform.latency(300)
    for _ in range(50):
        wire.connect(running.daemon.socket).close()
        with wire.connect(running.daemon.socket) as sock:
            sock.sendall(login())
    child = os.fork()
    if child == 0:
        running.daemon.auth("token-of-bob", user="bob", uid=2002)
        os._exit(0)
    running.platform.wait_requests(2)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    still_serves(running)
    wait_until(lambda: running.daemon.status()["waiting"] == "0", "nobody who waits")


def test_a_caller_that_shuts_its_side_has_hung_up(running):
    running.platform.latency(200)
    with wire.connect(running.daemon.socket) as sock:
        sock.sendall(login())
        sock.shutdown(socket.SHUT_WR)
        wire.receive(sock)
    still_serves(running)


def open_many(path, count):
    found = []
    for _ in range(count):
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        try:
            sock.connect(str(path))
        except (BlockingIOError, ConnectionRefusedError):
            sock.close()
            continue
        found.append(sock)
    return found


@pytest.fixture
def many_files():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 20000), max(before[1], 20000)))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("uid", [2001, 991, 0], ids=["stranger", "listed caller", "root"])
def test_ten_thousand_connections(running, many_files, uid):
    with As(uid):
        crowd = open_many(running.daemon.socket, 10000)
    for sock in crowd:
        try:
            sock.send(b"DBq1")
        except (BrokenPipeError, ConnectionResetError, BlockingIOError):
            pass
    still_serves(running)
    for sock in crowd:
        sock.close()
    still_serves(running)
    wait_until(lambda: running.daemon.status()["connections"] == "1", "their end")


def test_strangers_have_sixteen_connections_together(running):
    with As(2001):
        crowd = [wire.connect(running.daemon.socket) for _ in range(16)]
        reply = running.daemon.ask(wire.STATUS, again=False)
    with As(2002):
        assert reply is None and running.daemon.ask(wire.STATUS, again=False) is None
    still_serves(running)
    with As(991):
        assert running.daemon.status()
    for sock in crowd:
        sock.close()


def test_a_listed_caller_has_half_of_the_connections(world):
    world.config["limits"]["connections"] = 20
    world.start()
    world.settle()
    with As(991):
        crowd = [wire.connect(world.daemon.socket) for _ in range(10)]
        assert world.daemon.ask(wire.STATUS, again=False) is None
    still_serves(world)
    for sock in crowd:
        sock.close()


def test_turned_away_callers_do_not_fill_the_log(running):
    with As(2001):
        crowd = [wire.connect(running.daemon.socket) for _ in range(16)]
        for _ in range(500):
            with wire.connect(running.daemon.socket) as sock:
                wire.receive(sock)
    for sock in crowd:
        sock.close()
    assert len(running.daemon.lines("turned away")) <= 5


def test_more_callers_than_connections_wait_their_turn(world):
    world.config["limits"]["connections"] = 8
    world.start()
    world.settle()
    replies = wire.Crowd(world.daemon.socket, [login() for _ in range(300)]).replies()
    assert {reply.result for reply in replies} == {"accepted"}


def test_a_wish_to_wait_for_ever_is_bounded_by_the_platforms_timeout(running):
    running.platform.token_all("token-of-alice", "hang")
    assert running.daemon.auth("token-of-alice", wait_ms=0xFFFFFFFF).result == "unavailable"


def test_a_wish_to_wait_not_at_all(running):
    running.platform.latency(200)
    assert str(running.daemon.auth("token-of-alice", wait_ms=0)) == "unavailable/undecided/wait"
    running.daemon.auth("token-of-alice")
    assert running.daemon.auth("token-of-alice", wait_ms=0).result == "accepted"


def test_log_lines_cannot_be_forged(running):
    running.daemon.auth("token-of-alice", user="x\" result=accepted", rhost="192.0.2.1")
    running.daemon.auth("token-of-alice", rhost="evil\" result=accepted reason=\"é")
    running.daemon.auth("nobody's", rhost="192.0.2.77")
    for line in running.daemon.lines("^dblab-authd: auth "):
        assert line.count(" result=") <= 2 and line.isascii()
        assert line.count('"') == 4
