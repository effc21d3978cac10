# SPDX-License-Identifier: Apache-2.0
"""Rows about a real pgbouncer: it has one thread for all logins, and stalls behind it."""
import subprocess
import sys

from postgres import connect_all
from rig import Daemon, copy_stack, median
from table import Row, ms
from world import databases, platform

PORT = 6432
DATABASE = "clones"


class Stall:
    """A client that is connected already; `longest` is its longest wait within."""

    def __init__(self, rig):
        self.rig = rig
        self.longest = None

    def __enter__(self):
        self.process = self.rig.host.start(
            sys.executable, __file__.replace("poolers", "postgres"), "stall", str(PORT), DATABASE,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(f"alice\n{platform.ALICE}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("pgbouncer lets nobody in")
        return self

    def __exit__(self, *_):
        out, _ = self.process.communicate("", timeout=120)
        self.rig.host.processes.remove(self.process)
        self.longest = float(out)


def _rounds(rig, baseline, people, want):
    """Both modules in turn; medians of (seconds to connect, longest stall) of each."""
    found = {baseline: [], "pgbouncer": []}
    for _ in range(rig.count(5, 3)):
        for name, results in found.items():
            copy_stack("pgbouncer", "pgbouncer")
            with Stall(rig) as stall:
                copy_stack(name, "pgbouncer")
                seconds, let_in = connect_all(("127.0.0.1", PORT), people, DATABASE)
                if let_in != want:
                    raise RuntimeError(f"{name}: {let_in} of {len(people)} were let in")
            results.append((seconds, stall.longest))
    copy_stack("pgbouncer", "pgbouncer")
    return [(median([s for s, _ in r]), median([l for _, l in r])) for r in found.values()]


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
assert Daemon
