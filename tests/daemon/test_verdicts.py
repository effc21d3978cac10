# SPDX-License-Identifier: Apache-2.0
"""What is asked, and how often: joined checks, the age of verdicts, re-checks, revocations."""

import os
import signal

import pytest

import wire
from conftest import OWN
from daemon import As, wait_until

POOLER = {"service": "pgbouncer", "uid": wire.NO_UID}


def login(token="token-of-alice", user="alice", service="sshd", uid=2001, **fields):
    return wire.request(wire.AUTH, token=token, user=user, service=service, uid=uid, **fields)


def test_a_thousand_logins_with_one_token_are_one_request(running):
    running.platform.latency(300)
    crowd = wire.Crowd(running.daemon.socket, [login() for _ in range(1000)])
    assert [reply.result for reply in crowd.replies()] == ["accepted"] * 1000
    assert running.platform.counts()["requests"] == 1


def test_joined_checks_are_decided_for_each_caller(running):
    running.platform.latency(200)
    crowd = wire.Crowd(running.daemon.socket, [
        login(), login(user="bob", uid=2002), login(service="pgbouncer"), login(service="ftp")])
    assert [str(reply) for reply in crowd.replies()] == [
        "accepted/valid/none", "refused/other-user/none", "accepted/valid/none",
        "denied/service/none"]
    assert running.platform.counts()["requests"] == 1


def test_many_tokens_at_once(running):
    running.platform.add_many("person-", 2000, 1, "acme.io")
    running.platform.latency(10)
    frames = [login(f"person-{i}", f"user{i}", uid=5000 + i) for i in range(1000)]
    replies = wire.Crowd(running.daemon.socket, frames).replies()
    assert {reply.result for reply in replies} == {"accepted"}
    counts = running.platform.counts()
    assert counts["requests"] == 1000
    assert counts["most_in_flight"] <= 128
    assert counts["most_connections"] <= 2


def test_a_verdict_is_used_until_it_is_too_old(running):
    running.daemon.auth("token-of-alice", **POOLER)
    for _ in range(100):
        assert running.daemon.auth("token-of-alice", **POOLER).result == "accepted"
        assert running.daemon.account(**POOLER).result == "accepted"
    assert running.platform.counts()["requests"] == 1
    first = running.platform.requests()[-1]["arrived"]
    wait_until(lambda: running.daemon.auth("token-of-alice", **POOLER)
               and running.platform.counts()["requests"] == 2, "a second request")
    second = running.platform.requests()[-1]["arrived"]
    assert second - first >= running.config.seconds("A") * 1e9 * 0.98


def test_a_verdicts_age_counts_from_its_request(running):
    running.platform.latency(350)
    running.daemon.auth("token-of-alice", **POOLER)
    running.platform.latency(0)
    wait_until(lambda: running.daemon.auth("token-of-alice", **POOLER)
               and running.platform.counts()["requests"] == 2, "a second request")
    first, second = [r["arrived"] for r in running.platform.requests()]
    assert second - first < (running.config.seconds("A") + 0.3) * 1e9


def test_refusals_are_remembered_too(running):
    for _ in range(50):
        assert str(running.daemon.auth("nobody's")) == "refused/invalid/none"
        assert str(running.daemon.auth("token-of-bob")) == "refused/other-user/none"
    assert running.platform.counts()["requests"] == 2


def test_a_token_that_becomes_valid_is_seen_within_the_age(running):
    assert running.daemon.auth("early").result == "refused"
    running.platform.add("early")
    wait_until(lambda: running.daemon.auth("early").result == "accepted", "the token")


def test_a_flood_of_bad_tokens_evicts_nothing_good(world):
    world.config["limits"]["verdicts"] = 50
    world.config["revocation"]["bound"] = 30.0
    world.start()
    world.settle()
    world.daemon.auth("token-of-alice", **POOLER)
    frames = [login(f"bad-{i}", rhost=f"192.0.2.{i % 250}") for i in range(300)]
    replies = wire.Crowd(world.daemon.socket, frames).replies()
    assert {reply.result for reply in replies} == {"refused"}
    before = world.platform.counts()["requests"]
    assert world.daemon.auth("token-of-alice", **POOLER).result == "accepted"
    assert world.platform.counts()["requests"] == before


# ---- re-checks ----

def test_live_tokens_are_checked_again_and_remembered_ones_are_not(running):
    daemon, platform = running.daemon, running.platform
    daemon.auth("token-of-alice")
    daemon.auth("token-of-bob", user="bob", **POOLER)
    platform.wait_requests(4, "token-of-alice")
    assert platform.counts("token-of-bob")["requests"] == 1
    times = [r["arrived"] for r in platform.requests()
             if b"token-of-alice" in r["body"] and r["method"] == "POST"]
    longest = max(b - a for a, b in zip(times, times[1:])) / 1e9
    assert longest <= running.config.seconds("A") - running.config.seconds("T") + 0.25


def test_all_remembered_tokens_of_a_live_user_are_checked(running):
    running.platform.add("second-of-alice")
    running.daemon.auth("second-of-alice", **POOLER)
    running.daemon.auth("token-of-alice")
    running.platform.wait_requests(3, "second-of-alice")


def test_when_its_process_ends_a_token_is_not_checked_any_more(running):
    daemon, platform = running.daemon, running.platform
    child = os.fork()
    if child == 0:
        daemon.auth("token-of-alice")
        signal.pause()
    platform.wait_requests(2, "token-of-alice")
    assert daemon.status()["live_tokens"] == "1"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    wait_until(lambda: daemon.status()["live_tokens"] == "0", "the end of it")
    assert daemon.account().result == "accepted"
    before = platform.counts("token-of-alice")["requests"]
    daemon.auth("token-of-bob", user="bob", uid=2002)
    platform.wait_requests(3, "token-of-bob")
    assert platform.counts("token-of-alice")["requests"] <= before + 1


def test_rechecks_are_spread(world):
    """A hundred tokens of one moment: no second holds more than the promise allows."""
    world.start()
    world.settle()
    world.platform.keep(5000)
    world.platform.add_many("person-", 100, 1, "acme.io")
    frames = [login(f"person-{i}", f"user{i}", uid=5000 + i) for i in range(100)]
    assert {r.result for r in wire.Crowd(world.daemon.socket, frames).replies()} == {"accepted"}
    world.platform.wait_requests(600)
    times = sorted(r["arrived"] / 1e9 for r in world.platform.requests(whole=False))
    steady = [t for t in times if t > times[0] + 2 * world.config.seconds("A")]
    a, t = world.config.seconds("A"), world.config.seconds("T")
    most = max(sum(1 for u in steady if s <= u < s + 1) for s in steady)
    assert most <= 1.5 * 100 / (a - t) + 2 + 1


# ---- revocations ----

def refused(world, user="alice", uid=2001):
    return world.daemon.account(user=user, uid=uid).result == "refused"


@pytest.mark.parametrize("how", ["revoke", "expire", "delete"])
def test_a_revoked_token_is_refused_within_the_bound(running, how):
    daemon, platform = running.daemon, running.platform
    daemon.auth("token-of-alice")
    daemon.auth("token-of-bob", user="bob", uid=2002)
    getattr(platform, how)("token-of-alice")
    wait_until(lambda: refused(running), "the revocation", running.config["revocation"]["bound"])
    daemon.wait_log("revocation user=alice .*cause=")
    assert str(daemon.auth("token-of-alice")).startswith("refused/invalid")
    assert daemon.account(user="bob", uid=2002).result == "accepted"
    assert daemon.account(user="alice").reason in ("invalid", "no-token")
    assert len(daemon.lines("revocation ")) == 1
    # First the answer, then a witness (our own token), then the answer again.
    asked = [body for body in platform.bodies() if body in (OWN, "token-of-alice")]
    at = len(asked) - 1 - asked[::-1].index(OWN)
    assert asked[at - 1] == asked[at + 1] == "token-of-alice"


# what changes -> the reason
CHANGES = {
    "org 2": "other-organization",
    "personal false": "not-personal",
    "email carol@acme.io": "other-user",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_token_that_is_no_longer_permitted(running, change):
    running.daemon.auth("token-of-alice")
    running.platform.set("token-of-alice", *change.split())
    wait_until(lambda: refused(running), "the change", running.config["revocation"]["bound"])
    assert str(running.daemon.auth("token-of-alice")) == f"refused/{CHANGES[change]}/none"


def test_an_email_that_is_lost_refuses_new_logins_only(running):
    daemon, platform = running.daemon, running.platform
    daemon.auth("token-of-alice")
    platform.set("token-of-alice", "email", "null")
    reply = wait_until(lambda: (r := daemon.auth("token-of-alice")).result != "accepted" and r,
                       "a login that is not accepted")
    assert str(reply) in ("refused/no-email/none", "unavailable/undecided/email")
    assert daemon.account().result == "unavailable"
    assert not daemon.lines("revocation ")
    platform.set("token-of-alice", "email", "alice@acme.io")
    wait_until(lambda: daemon.account().result == "accepted", "the email")


def test_another_token_of_the_person_lets_in_at_once(running):
    running.platform.add("second-of-alice")
    running.daemon.auth("token-of-alice")
    running.platform.revoke("token-of-alice")
    wait_until(lambda: refused(running), "the revocation")
    assert running.daemon.auth("second-of-alice").result == "accepted"
    assert running.daemon.account().result == "accepted"


@pytest.mark.parametrize("what", ["401", "401-html", "401-empty", "500", "403"])
def test_a_gateway_that_refuses_everything_revokes_nobody(running, what):
    daemon, platform = running.daemon, running.platform
    daemon.auth("token-of-alice")
    daemon.auth("token-of-bob", user="bob", uid=2002)
    platform.all(what)
    wait_until(lambda: daemon.account().result == "unavailable", "an outage")
    assert daemon.auth("token-of-bob", user="bob", uid=2002).result != "refused"
    assert not daemon.lines("revocation ")
    platform.all("normal")
    for user, uid in (("alice", 2001), ("bob", 2002)):
        wait_until(lambda: daemon.account(user=user, uid=uid).result == "accepted", user)


# A gateway that turns bad and good again between any two answers is no revocation.
SCRIPTS = ["401", "401,normal", "401,normal,normal", "401,401,401,normal", "401,normal,500",
           "401,500,401", "401,normal,403,normal", "200-code,normal,normal", "401,hang,normal"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_gateway_that_turns_bad_and_good_again(running, script):
    daemon, platform = running.daemon, running.platform
    daemon.auth("token-of-alice")
    before = platform.counts()["requests"]
    platform.next(script)
    steps = len(script.split(","))
    platform.wait_requests(before + steps + 2)
    wait_until(lambda: daemon.account().result == "accepted", "the token")
    assert not daemon.lines("revocation ")


def test_own_token_rotated_logs_nobody_out(running):
    daemon, platform = running.daemon, running.platform
    daemon.auth("token-of-alice")
    platform.add("new-own", 1, False, None)
    platform.revoke(OWN)
    daemon.wait_log("own-token refused")
    (running.folder / "access-token").write_text("new-own\n")
    assert daemon.ask(wire.RELOAD).result == "accepted"
    wait_until(lambda: platform.counts("new-own")["requests"] > 0, "the new token")
    wait_until(lambda: daemon.account().result == "accepted", "a login")
    assert not daemon.lines("revocation ")
    assert platform.requests()[-1]["headers"]["access-token"] == "new-own"
    # And it is the new one that is a witness now.
    platform.revoke("token-of-alice")
    wait_until(lambda: refused(running), "the revocation")


def test_an_expired_own_token_does_not_keep_the_revoked(running):
    daemon, platform = running.daemon, running.platform
    platform.access("optional")
    daemon.auth("token-of-alice")
    daemon.auth("token-of-bob", user="bob", uid=2002)
    platform.revoke(OWN)
    platform.revoke("token-of-alice")
    wait_until(lambda: refused(running), "the revocation")
    assert daemon.account(user="bob", uid=2002).result != "refused"
    wait_until(lambda: daemon.account(user="bob", uid=2002).result == "accepted", "bob")


def test_own_token_of_another_organization(world):
    world.platform.add(OWN, 2, False, None)
    world.start()
    assert str(world.daemon.auth("token-of-alice")) == "refused/other-organization/none"


def test_an_own_token_of_another_organization_ends_nothing_alive(running):
    """A mistake of an administrator: until it is mended nothing is decided."""
    daemon, platform = running.daemon, running.platform
    daemon.auth("token-of-alice")
    platform.add("own-of-2", 2, False, None)
    (running.folder / "access-token").write_text("own-of-2\n")
    daemon.ask(wire.RELOAD)
    daemon.wait_log("own-token changed its organization")
    wait_until(lambda: daemon.account().result == "unavailable", "nothing decided")
    assert daemon.auth("token-of-bob", user="bob", uid=2002).result == "unavailable"
    assert not daemon.lines("revocation ")
    running.config["platform"]["orgId"] = 1
    daemon.write()
    assert daemon.ask(wire.RELOAD).result == "accepted"
    wait_until(lambda: daemon.account().result == "accepted", "alice")
    assert not daemon.lines("revocation ")


# ---- the limiter ----

def limited(world, failures=3):
    world.config["limits"]["failuresPerMinute"] = failures
    world.start()
    world.settle()
    return world.daemon


def test_too_many_refusals_of_one_user_and_address(world):
    daemon = limited(world)
    for number in range(3):
        assert daemon.auth(f"bad-{number}", rhost="192.0.2.1").result == "refused"
    before = world.platform.counts()["requests"]
    reply = daemon.auth("bad-again", rhost="192.0.2.1")
    assert str(reply) == "limited/limited/none"
    assert world.platform.counts()["requests"] == before
    # Others are not: another address, user, service.
    assert daemon.auth("bad-5", rhost="192.0.2.2").result == "refused"
    assert daemon.auth("bad-6", rhost="192.0.2.1", user="bob", uid=2002).result == "refused"
    assert daemon.auth("bad-7", rhost="192.0.2.1", service="sudo").result == "refused"


def test_a_token_known_to_be_valid_is_never_limited(world):
    daemon = limited(world)
    daemon.auth("token-of-alice", rhost="192.0.2.1")
    for number in range(5):
        daemon.auth(f"bad-{number}", rhost="192.0.2.1")
    assert daemon.auth("bad-again", rhost="192.0.2.1").result == "limited"
    assert daemon.auth("token-of-alice", rhost="192.0.2.1").result == "accepted"


def test_one_address_and_any_users(world):
    daemon = limited(world)
    results = [daemon.auth(f"bad-{i}", rhost="192.0.2.1", user=f"u{i}", uid=3000 + i).result
               for i in range(32)]
    assert results[:30] == ["refused"] * 30 and results[-1] == "limited"


def test_loopback_is_one_address_and_so_is_an_ipv6_64(world):
    daemon = limited(world)
    for number, address in enumerate(["127.0.0.1", "::1", "127.9.9.9"]):
        assert daemon.auth(f"bad-{number}", rhost=address).result == "refused"
    assert daemon.auth("bad-again", rhost="127.0.0.2").result == "limited"
    for number, address in enumerate(["2001:db8::1", "2001:db8::ffff", "2001:db8:0:0:1::"]):
        assert daemon.auth(f"bad6-{number}", rhost=address).result == "refused"
    assert daemon.auth("bad6-again", rhost="2001:db8::2").result == "limited"
    assert daemon.auth("bad6-other", rhost="2001:db8:0:1::2").result == "refused"


def test_a_forgotten_client_with_an_old_token_locks_nobody_out(world):
    daemon = limited(world)
    for _ in range(20):
        assert daemon.auth("an-old-one", rhost="192.0.2.1").result == "refused"
    assert daemon.auth("token-of-alice", rhost="192.0.2.1").result == "accepted"


def test_undecided_answers_and_bad_forms_are_no_refusals(world):
    daemon = limited(world)
    for number in range(10):
        daemon.auth(f"fixture-500.{number}", rhost="192.0.2.1")
        daemon.ask(wire.AUTH, token=b"a\x01", user="alice", service="sshd", uid=2001,
                   rhost="192.0.2.1", again=False)
    assert daemon.auth("token-of-alice", rhost="192.0.2.1").result == "accepted"


def test_the_limiter_counts_for_callers_too(world):
    daemon = limited(world)
    with As(991):
        for number in range(3):
            daemon.auth(f"bad-{number}", rhost="192.0.2.1", **POOLER)
        assert daemon.auth("bad-again", rhost="192.0.2.1", **POOLER).result == "limited"
