# SPDX-License-Identifier: Apache-2.0
"""Rows about single logins: what one costs beside pam_permit and what one would write today."""
from rig import REFUSED, SECOND, UNAVAILABLE, Daemon, median, wait_until
from table import Row, us


def cached(rig):
    """The first rows share one run, so that all of it is interleaved."""
    full = Daemon(rig, "full").start().wait_organization()
    others = full.stack("others", service="plain")
    people = rig.people("remembered-", 10000)
    rig.crowd(64, [others.line(user, token) for user, token in people])
    assert full.status()["tokens"] == 10000, "not all were let in"
    many = full.stack("many")
    plain = rig.main.stack("plain", service="plain")
    bad = rig.main.stack("bad", token="a-token-that-nobody-has", expect=REFUSED)
    stacks = [rig.permit, rig.thin, rig.dblab, plain, many, bad]
    rig.in_turn("latency", 50, *stacks)  # files and tokens are in caches now
    permit, thin, dblab, at_plain, with_many, refused = rig.in_turn(
        "latency", rig.count(4000, 200), *stacks)
    full.stop()
    slow = rig.in_turn("latency", rig.count(60, 10), rig.permit, rig.curl, rig.exec)
    yield Row("cached token, full transaction, p50, beside pam_permit", "<= 2.0x",
              f"{us(dblab)} : {us(permit)} (service without Unix accounts {us(at_plain)}, "
              f"{at_plain / permit:.2f}x; libcurl per login {us(slow[1])}, "
              f"{slow[1] / slow[0]:.0f}x; pam_exec + curl {us(slow[2])}, "
              f"{slow[2] / slow[0]:.0f}x)", dblab / permit, 2.0)
    yield Row("the same beside a bare thin module", "<= 1.25x",
              f"{us(dblab)} : {us(thin)} (without Unix accounts {at_plain / thin:.2f}x)",
              dblab / thin, 1.25)
    yield Row("the same with 10,000 verdicts in the cache, beside one", "<= 1.05x",
              f"{us(with_many)} : {us(dblab)}", with_many / dblab, 1.05)
    yield Row("refusal of a known-bad token, p50, beside a cached success", "<= 1.1x",
              f"{us(refused)} : {us(dblab)}", refused / dblab, 1.1)


def throughput(rig):
    """Each round has all three, and a ratio of its own: other load changes from round to round."""
    rounds = []
    for _ in range(rig.count(15, 5)):
        rates = []
        for stack in (rig.permit, rig.thin, rig.dblab):
            done, nanos = rig.login("throughput", 8, 500, lines=[stack.line()])[stack.name]
            rates.append(done / nanos * SECOND)
        rounds.append(rates)
    permit, thin, dblab = (median(found) for found in zip(*rounds))
    yield Row("the same, 8 processes, throughput, beside pam_permit", ">= 0.6x",
              f"{dblab:.0f} : {permit:.0f} a second (thin module {thin:.0f}, "
              f"{median([t / p for p, t, _ in rounds]):.2f}x)",
              median([d / p for p, _, d in rounds]), 0.6, more_is_better=True)


def forked(rig):
    permit, thin, dblab = rig.in_turn("fork", rig.count(2000, 100), rig.permit, rig.thin,
                                      rig.dblab)
    yield Row("the same, a fork for each login, p50, beside pam_permit", "<= 1.5x",
              f"{us(dblab)} : {us(permit)} (thin module {thin / permit:.2f}x)",
              dblab / permit, 1.5)


def hanging(rig):
    """A cached token while the Platform hangs; and how long others wait."""
    timeout = 2.0
    strangers = rig.main.stack("strangers", service="plain", user="bob", expect=UNAVAILABLE,
                               timeout=timeout)
    count = rig.count(2000, 200)
    free, hung, waits = [], [], []
    for i in range(rig.count(6, 3)):
        free.append(rig.in_turn("latency", count, rig.dblab)[0])
        rig.platform.all("hang")
        others = rig.start_login("crowd", 8)
        others.stdin.write("".join(strangers.line(token=f"unknown-{i}-{k}") for k in range(8)))
        others.stdin.write("\n")
        others.stdin.flush()
        wait_until("those that wait", lambda: rig.main.status()["waiting"] == 8, 2)
        hung.append(rig.in_turn("latency", count, rig.dblab)[0])
        waits += [int(word) / SECOND for word in others.communicate()[0].split("each")[1].split()]
        rig.platform.all("normal")
        rig.platform.close_all()
        rig.crowd(1, [rig.dblab.line()])
    yield Row("cached token while the Platform hangs, p50, beside one that answers", "<= 1.2x",
              f"{us(median(hung))} : {us(median(free))}",
              median([h / f for h, f in zip(hung, free)]), 1.2)
    yield Row("others while it hangs: answered after their deadline (2 s) by", "<= 100 ms",
              f"the last of {len(waits)}", max(0.0, max(waits) - timeout) * 1000, 100, " ms")


ROWS = [cached, throughput, forked, hanging]
