# SPDX-License-Identifier: Apache-2.0
"""Rows about a whole host: many live tokens, the start of the daemon, the simulator."""
import collections
import os
import re
import subprocess
import time

import world
from rig import Daemon, median, run
from table import Row, ms

LIVE = 10000
WINDOW = 11.0  # A - T with the defaults: each live token is checked once in it


def _make_accounts(count):
    """People of this host: accounts whose primary group is that of the token users."""
    group = run("getent", "group", "dblab", stdout=subprocess.PIPE, text=True).stdout.split(":")[2]
    with open("/etc/passwd", "a", encoding="ascii") as out:
        for i in range(count):
            out.write(f"user{i}:x:{20000 + i}:{group}::/nonexistent:/bin/sh\n")


def _log_in(rig, lines):
    """All at once, each in a process of its own that stays until the standard input ends."""
    crowd = rig.start_login("crowd", len(lines), 1)
    crowd.stdin.write("".join(lines) + "\n")
    crowd.stdin.flush()
    for _ in ("wall", "failed", "each"):
        crowd.stdout.readline()
    return crowd


def live(rig):
    """Each token is of another person, and each person a process that stays."""
    _make_accounts(LIVE)
    rig.main.stop()  # what two daemons share would count half for each
    daemon = Daemon(rig, "live").start().wait_organization()
    stack = daemon.stack("live")
    people = rig.people("living-", LIVE)
    crowds = [_log_in(rig, [stack.line(*one) for one in people[i:i + 500]])
              for i in range(0, LIVE, 500)]
    if daemon.status()["liveTokens"] != LIVE:
        raise RuntimeError("not all tokens are live")
    # What came in bursts is checked in bursts at first; after some windows it is spread.
    time.sleep(3 * WINDOW)
    trace = rig.host.folder + "/trace"
    span = max(2 * WINDOW, 4 * WINDOW * rig.scale)
    rig.platform.trace(trace)
    begin, cpu, pids = time.monotonic(), daemon.cpu_seconds(), daemon.pids()
    time.sleep(span)
    if daemon.pids() != pids:
        raise RuntimeError("the checker was replaced while it was measured")
    share = (daemon.cpu_seconds() - cpu) / (time.monotonic() - begin)
    rig.platform.trace("off")
    memory = daemon.memory_kib() / 1024
    status = daemon.status()
    for crowd in crowds:
        crowd.communicate()
    daemon.stop()
    rig.main.start().wait_organization()
    peak, mean, oldest = _evenness(trace)
    yield Row("10,000 live tokens, bound 30 s: re-checks in a second, peak beside mean", "<= 1.5x",
              f"{peak} : {mean:.0f}; oldest answer {status['oldestVerdictSeconds']:.1f} s, "
              f"longest gap {oldest:.1f} s of {WINDOW + 4:.0f} s", peak / mean, 1.5)
    yield Row("the same: share of one core, both processes", "< 25 %", f"over {span:.0f} s",
              share * 100, 25, " %")
    yield Row("the same: memory of both processes (PSS)", "<= 16 MB",
              "keeper and checker", memory, 16, " MiB")


def _evenness(path):
    """Most requests in any whole second, their mean, the longest time between two of a token."""
    with open(path, encoding="ascii") as trace:
        pairs = [(int(when) / 1e9, token) for when, token in map(str.split, trace)]
    first, last = pairs[0][0], pairs[-1][0]
    seconds = collections.Counter(int(when - first) for when, _ in pairs)
    whole = int(last - first)
    seen, longest = {}, 0.0
    for when, token in pairs:
        longest = max(longest, when - seen.get(token, when))
        seen[token] = when
    counts = [seconds[i] for i in range(whole)]
    return max(counts), sum(counts) / len(counts), longest


def started(rig):
    rig.platform.listener("silent")
    rig.platform.close_all()
    times = []
    for _ in range(rig.count(20, 5)):
        daemon = Daemon(rig, "started").start()
        times.append(daemon.seconds_to_ready)
        daemon.stop()
    rig.platform.listener("open")
    yield Row("dblab-authd, start to ready, the Platform silent", "<= 50 ms",
              f"median of {len(times)}, worst {ms(max(times))}", median(times) * 1000, 50, " ms")


def simulated(rig):
    program = world.BUILD + "/simulate"
    days = max(20, int(365 * rig.scale))
    begin = os.times()
    out = run(program, "--year", "--days", str(days), stdout=subprocess.PIPE, text=True,
              check=False).stdout
    spent = os.times()
    seconds = spent.children_user + spent.children_system - begin.children_user - \
        begin.children_system
    if not re.search(r", 0 failed", out):
        raise RuntimeError("the simulator: " + out[-300:])
    years = days / 365 * 60 / seconds
    yield Row("make sim: years of a host with 20 people in a minute of one core", ">= 1",
              f"{days} days in {seconds:.1f} s", years, 1, "", more_is_better=True)


ROWS = [live, started, simulated]
