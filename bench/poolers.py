# SPDX-License-Identifier: Apache-2.0
"""Rows about a real pgbouncer: it has one thread for all logins, and stalls behind it."""
import asyncio
import os
import subprocess
import sys
import time

from rig import median, use_stack
from table import Row, ms
from world import databases, platform
from world.postgres import Client

STALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stall.py")


class Stall:
    """A client that is connected already; `longest` is its longest wait within."""

    def __init__(self, rig):
        self.rig = rig
        self.longest = None

    def __enter__(self):
        self.process = self.rig.host.start(sys.executable, STALL, stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(f"alice\n{platform.ALICE}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("pgbouncer lets nobody in")
        return self

    def __exit__(self, *_):
        out, _ = self.process.communicate(timeout=120)
        self.rig.host.processes.remove(self.process)
        self.longest = float(out)


async def _connect_all(people):
    """Seconds until the last is in, or refused; how many are in."""
    begin = time.monotonic()
    done = await asyncio.gather(*(Client.login(*one) for one in people), return_exceptions=True)
    seconds = time.monotonic() - begin
    clients = [client for client in done if isinstance(client, Client)]
    for client in clients:
        client.close()
    return seconds, len(clients)


def _rounds(rig, baseline, people, want):
    """Both modules in turn; medians of (seconds to connect, longest stall) of each."""
    found = {baseline: [], "pgbouncer": []}
    for _ in range(rig.count(9, 3)):
        for name, results in found.items():
            use_stack("pgbouncer")
            with Stall(rig) as stall:
                use_stack(name)
                seconds, let_in = asyncio.run(_connect_all(people))
                if let_in != want:
                    raise RuntimeError(f"{name}: {let_in} of {len(people)} were let in")
            results.append((seconds, stall.longest))
    use_stack("pgbouncer")
    return [tuple(median(column) for column in zip(*results)) for results in found.values()]


def pooled(rig):
    databases.start_postgresql(rig.host)
    databases.start_pgbouncer(rig.host)
    people = [("alice", platform.ALICE)] * 300
    permit, dblab = _rounds(rig, "pam_permit.so", people, 300)
    yield Row("pgbouncer, 300 clients connect at once, cached tokens: time to connect, beside "
              "pam_permit", "<= 1.1x", f"{ms(dblab[0])} : {ms(permit[0])}",
              dblab[0] / permit[0], 1.1)
    yield Row("the same: longest stall of a client already connected", "<= 1.1x",
              f"{ms(dblab[1])} : {ms(permit[1])}", dblab[1] / permit[1], 1.1)
    bad = [(f"user{i}", f"bad-token-{i}") for i in range(300)]
    deny, dblab = _rounds(rig, "pam_deny.so", bad, 0)
    yield Row("pgbouncer under a flood of bad tokens from one address: longest stall of a client "
              "already connected, beside pam_deny", "<= 1.5x",
              f"{ms(dblab[1])} : {ms(deny[1])}", dblab[1] / deny[1], 1.5)


ROWS = [pooled]
