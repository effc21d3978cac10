# SPDX-License-Identifier: Apache-2.0
"""Rows about a Platform that must be asked: far away, slow, or with many who ask at once."""
import time

from rig import ANY, RTT, Daemon, median
from table import Row, ms

SERVICE_MS = 50  # of the Platform, where many ask at once


def distant(rig):
    """50 ms away, all of it the network's: a new connection costs its round trips."""
    far = Daemon(rig, "far", url=rig.far_url).start().wait_organization()
    stack = far.stack("far", service="plain")
    people = iter(rig.people("distant-", 1000))

    def one():
        return rig.crowd(1, [stack.line(*next(people))])[2][0]

    one()
    each = [one() for _ in range(rig.count(40, 10))]
    after = []
    for _ in range(rig.count(15, 5)):
        # From a Platform that closes more than once a second the daemon keeps its distance.
        time.sleep(1.5)
        rig.platform.close_all("polite")
        time.sleep(4 * RTT / 1000)  # the row says so: four round trips after it was closed
        after.append(one())
    curl = rig.in_turn("latency", rig.count(20, 5), rig.far_curl)[0] / 1e9
    far.stop()
    trip = RTT / 1000
    yield Row("token not cached, Platform 50 ms away, p50, round trips", "<= 1.05",
              f"{median(each) * 1000:.1f} ms (libcurl per login {curl / trip:.1f} round trips)",
              median(each) / trip, 1.05, "")
    yield Row("the same, four round trips after the Platform closed the connection", "<= 1.05",
              f"{median(after) * 1000:.1f} ms", median(after) / trip, 1.05, "")


def joined(rig):
    stack = rig.main.stack("joined", service="plain")
    rig.platform.latency(SERVICE_MS)
    requests = []
    for i in range(rig.count(5, 2)):
        token = f"one-for-all-{i}"
        rig.platform.add(token, 1, True, "alice@acme.io")
        _, failed, _ = rig.crowd(1000, [stack.line(token=token)] * 1000)
        assert not failed
        requests.append(rig.platform.counts(token)["requests"])
    rig.platform.latency(0)
    yield Row("1,000 logins at once, one token, cold: requests to the Platform", "exactly 1",
              f"{sorted(set(requests))} in {len(requests)} runs",
              max(requests) if min(requests) else 99, 1, "")


def _burst(rig, name, in_flight, timeout):
    """5,000 at once, each with a token of its own; the time that the slots allow, beside ours."""
    count = 5000
    allowed = -(-count // in_flight) * SERVICE_MS / 1000
    walls = []
    for i in range(rig.count(3, 1)):
        daemon = Daemon(rig, f"{name}{i}").start().wait_organization()
        stack = daemon.stack(f"{name}{i}", service="plain", timeout=timeout)
        people = rig.people(f"{name}-{i}-", count)
        rig.platform.latency(SERVICE_MS)
        wall, failed, _ = rig.crowd(count, [stack.line(*one, expect=ANY) for one in people])
        rig.platform.latency(0)
        daemon.stop()
        walls.append((len(failed), wall))
    failed = max(f for f, _ in walls)
    wall = median([w for _, w in walls])
    return failed, wall, allowed


def burst(rig):
    failed, wall, allowed = _burst(rig, "burst", 128, 6.0)
    yield Row("5,000 logins at once, 5,000 tokens, 50 ms service time, beside the time that "
              "maxInFlight allows", "<= 1.25x, none fails",
              f"{ms(wall)} : {ms(allowed)}, {failed} failed",
              wall / allowed if not failed else 99, 1.25)


def burst_http1(rig):
    rig.platform.alpn("http/1.1")
    rig.platform.close_all()
    # As many as its own deadline allows: this one is longer than what the slots need.
    failed, wall, allowed = _burst(rig, "slow", 32, 20.0)
    rig.platform.alpn("h2")
    rig.platform.close_all()
    yield Row("the same against an HTTP/1.1-only Platform, beside the time that maxConnections "
              "allows", "<= 1.25x, none fails", f"{ms(wall)} : {ms(allowed)}, {failed} failed",
              wall / allowed if not failed else 99, 1.25)


ROWS = [distant, joined, burst, burst_http1]
