# SPDX-License-Identifier: Apache-2.0
"""Every failure of the Platform that platform.md lists: its class, an answer within the caller's
deadline, and exactly one line in the log that says what happened."""

import os
import re
import socket

import pytest

import host
import wire
from conftest import World
from daemon import wait_until

VALID = "accepted/valid/none"
INVALID = "refused/invalid/none"


def undecided(*causes):
    return "|".join(f"unavailable/undecided/{cause}" for cause in causes)


STATUS = undecided("status")
MALFORMED = undecided("malformed")
TIMEOUT = undecided("timeout")
BROKEN = undecided("closed", "malformed")
HELD = undecided("held")

EXPECTED = {
    **dict.fromkeys(
        "401 401-gateway 401-empty 401-html 401-reason 401-good-body 200-code 200-message "
        "200-details 200-invalid".split(), INVALID),
    "401-hang-in-body": TIMEOUT,
    **dict.fromkeys(
        "400 403 403-html 403-empty 404 404-good-body 407 408 418 500 500-html 500-text 500-empty "
        "500-good-body 500-invalid-body 502 503 504 599 999 201 202 203 204 206 304 301 302 303 "
        "307 308 307-same".split(), STATUS),
    **dict.fromkeys(
        "429 429-seconds 429-date 429-past-date 429-long 429-huge 429-negative 429-garbage "
        "429-html 429-empty 503-seconds 503-date".split(), HELD),
    **dict.fromkeys(
        "200-hint 200-code-number 200-code-false 200-message-object 200-details-array 200-org-0 "
        "200-org-null 200-org-string 200-org-negative 200-org-fraction 200-org-real "
        "200-org-exponent 200-org-huge 200-org-wrapped 200-org-true 200-org-array "
        "200-org-missing 200-personal-null 200-personal-string 200-personal-number "
        "200-personal-missing 200-email-number 200-email-array 200-duplicate-org "
        "200-duplicate-personal 200-duplicate-email 200-duplicate-code 200-truncated "
        "200-trailing 200-two-objects 200-trailing-nul 200-nul-in-email 200-bom 200-bad-utf8 "
        "200-surrogate 200-single-quotes 200-comment 200-empty 200-null 200-true 200-string "
        "200-array-empty 200-array-two 200-array-null 200-array-nested 200-result-null "
        "200-result-array 200-result-nested 200-result-two 200-html 200-deep gzip".split(),
        MALFORMED),
    **dict.fromkeys("200-big 200-endless".split(), undecided("size")),
    **dict.fromkeys(
        "good chunked http10 informed last cookie hsts".split(), VALID),
    # Over HTTP/2 libcurl may stall within headers that do not fit its buffer: undecided as well.
    "many-headers": VALID + "|" + undecided("timeout"),
    "huge-header": undecided("size", "timeout", "malformed"),
    **dict.fromkeys(
        "informed-endless slow-headers drip hang hang-after-headers hang-in-body".split(), TIMEOUT),
    **dict.fromkeys(
        "bad-chunk short-body http09 rst rst-stream close close-after-headers garbage "
        "refused-stream two-lengths".split(), BROKEN),
}
HOLDING = [name for name, expected in EXPECTED.items() if expected == HELD]
OTHERS = [name for name in EXPECTED if name not in HOLDING]


def login_lines(daemon, address):
    return daemon.lines(rf'^dblab-authd: auth .*address="{re.escape(address)}"')


def try_one(world, name, number):
    """Logs in with the fixture's token, from an address of its own."""
    address = f"192.0.2.{number}"
    reply = world.daemon.auth(f"fixture-{name}", rhost=address, wait_ms=8000)
    assert reply is not None, "no answer by the deadline"
    assert re.fullmatch(EXPECTED[name], str(reply)), f"{name}: {reply}"
    (line,) = wait_until(lambda: login_lines(world.daemon, address), "a line in the log")
    assert f"result={reply.result}" in line and f"reason={reply.reason}" in line
    assert reply.cause == "none" or f"cause={reply.cause}" in line


def test_each_fixture_has_its_row(shared):
    assert set(shared.platform.fixtures()) == set(EXPECTED)


@pytest.mark.parametrize("name", OTHERS)
def test_class(shared, name):
    try_one(shared, name, OTHERS.index(name))


def test_nothing_followed_a_redirect(shared):
    counts = shared.platform.counts()
    assert counts["trap_connections"] == counts["trap_requests"] == counts["trap_tokens"] == 0
    asked = [token for token in shared.platform.bodies() if token.startswith("fixture-307-same")]
    assert len(asked) <= 1
    headers = [r["headers"] for r in shared.platform.requests() if r["method"] == "POST"]
    assert not [h for h in headers if "cookie" in h]


@pytest.mark.parametrize("name", HOLDING)
def test_class_of_those_that_ask_for_a_pause(running, name):
    try_one(running, name, HOLDING.index(name))
    # Nothing is sent while it lasts: others are answered at once, and not by the Platform.
    before = running.platform.counts()["requests"]
    reply = running.daemon.auth("token-of-bob", user="bob", uid=2002)
    assert re.fullmatch(HELD, str(reply)) or running.platform.counts()["requests"] > before


def test_a_pause_ends(running):
    daemon, platform = running.daemon, running.platform
    daemon.auth("fixture-429-seconds")
    assert str(daemon.auth("token-of-alice")) == "unavailable/undecided/held"
    wait_until(lambda: daemon.auth("token-of-alice").result == "accepted", "an accepted login")
    daemon.wait_log("platform resumed")
    gap = [r["arrived"] for r in platform.requests() if r["method"] == "POST"]
    assert gap[1] - gap[0] >= 0.95e9


@pytest.mark.parametrize("name", ["429-long", "429-huge"])
def test_a_pause_lasts_no_longer_than_a_live_tokens_verdict(running, name):
    daemon = running.daemon
    daemon.auth("token-of-alice")
    daemon.auth(f"fixture-{name}", user="bob", uid=2002)
    daemon.wait_log("platform held")
    wait_until(lambda: daemon.auth("token-of-bob", user="bob", uid=2002).result == "accepted",
               "the end of the pause", running.config["revocation"]["bound"])


# ---- the same failures, for tokens that something alive rests on ----

def log_in(world, names):
    """A person for each fixture: token, user and uid."""
    people = {}
    for number, name in enumerate(names):
        token, user, uid = f"live-{name}", f"u{number}", 3000 + number
        world.platform.add(token, 1, True, f"{user}@acme.io")
        people[name] = (token, user, uid)
        assert str(world.daemon.auth(token, user=user, uid=uid)) == VALID
    return people


def test_a_failing_platform_revokes_nothing(world):
    """What says nothing ends nothing: each live token meets its own failure at its re-checks."""
    names = [name for name in OTHERS if EXPECTED[name] not in (VALID, INVALID)]
    world.start()
    world.settle()
    people = log_in(world, names)
    for name, (token, _, _) in people.items():
        world.platform.token_all(token, name)
    world.platform.reset()
    for token, _, _ in people.values():
        world.platform.wait_requests(1, token)
    for name, (_, user, uid) in people.items():
        reply = world.daemon.account(user=user, uid=uid)
        assert reply.result in ("accepted", "unavailable"), f"{name}: {reply}"
    assert not world.daemon.lines("revocation ")
    for token, _, _ in people.values():
        world.platform.token_all(token, "normal")
    for _, user, uid in people.values():
        wait_until(lambda: world.daemon.account(user=user, uid=uid).result == "accepted", user)


def test_what_says_no_revokes_once(world):
    names = [name for name in OTHERS if EXPECTED[name] == INVALID]
    world.start()
    world.settle()
    people = log_in(world, names)
    for name, (token, _, _) in people.items():
        world.platform.token_all(token, name)
    for name, (_, user, uid) in people.items():
        wait_until(lambda: world.daemon.account(user=user, uid=uid).result == "refused", name)
        assert len(world.daemon.lines(f"revocation user={user} ")) == 1
    assert str(world.daemon.auth("token-of-alice")) == VALID


# ---- the name, the way, the certificate ----

@pytest.mark.parametrize("certificate", ["expired", "wrong-host", "self-signed"])
def test_certificates_that_are_not_believed(world, certificate):
    world.platform.certificate(certificate)
    world.start()
    assert str(world.daemon.auth("token-of-alice")).startswith("unavailable/")
    assert world.platform.counts()["requests"] == 0
    world.daemon.wait_log("cause=tls")
    # It is the certificate alone: with a good one again the next login gets in.
    world.platform.certificate("good")
    wait_until(lambda: world.daemon.auth("token-of-alice").result == "accepted", "a login")


def test_certificate_of_no_known_authority(world):
    del world.config["platform"]["caFile"]
    world.start()
    world.daemon.auth("token-of-alice")
    world.daemon.wait_log("cause=tls")
    assert world.platform.counts()["requests"] == 0


def test_a_certificate_that_goes_bad_ends_no_live_session(running):
    running.daemon.auth("token-of-alice")
    running.platform.certificate("expired")
    running.platform.close_all()
    running.daemon.wait_log("cause=tls")
    assert running.daemon.account().result != "refused"
    assert not running.daemon.lines("revocation ")


def test_tls_1_1_is_refused(world):
    world.platform.tls_max("1.1")
    world.start()
    world.daemon.auth("token-of-alice")
    world.daemon.wait_log("cause=tls")
    assert world.platform.counts()["requests"] == 0


def test_tls_1_2_is_enough(world):
    world.platform.tls_max("1.2")
    assert world.start().auth("token-of-alice").result == "accepted"


def test_pinned_key(world):
    pin = (world.platform.certificates / "pin.txt").read_text().strip()
    world.config["platform"]["pinnedPublicKey"] = pin
    assert world.start().auth("token-of-alice").result == "accepted"


def test_wrong_pinned_key(world):
    world.config["platform"]["pinnedPublicKey"] = "sha256//" + "A" * 43 + "="
    world.start()
    world.daemon.auth("token-of-alice")
    world.daemon.wait_log("cause=tls")
    assert world.platform.counts()["requests"] == 0


def url(world, name):
    world.config["platform"]["url"] = f"https://{name}:{world.platform.port}/api/general/"


@pytest.mark.parametrize("name", ["127.0.0.1", "[::1]", "platform.test"])
def test_other_names_of_the_platform(world, name):
    url(world, name)
    assert world.start().auth("token-of-alice").result == "accepted"


def test_a_name_that_does_not_resolve(world):
    url(world, "nowhere.invalid")
    world.start()
    assert str(world.daemon.auth("token-of-alice")).startswith("unavailable/undecided/")
    world.daemon.wait_log("cause=dns")


def test_an_ipv6_black_hole_costs_no_login(world):
    """The name's first address swallows every packet; the second one answers."""
    with socket.socket(socket.AF_INET6) as hole, socket.socket(socket.AF_INET6) as filler:
        try:
            hole.bind((host.BLACK_HOLE, world.platform.port))
        except OSError:
            pytest.skip("no IPv6 here")
        # A queue of connections that is full: what else knocks is not answered at all.
        hole.listen(0)
        filler.connect(hole.getsockname())
        url(world, "blackhole.test")
        assert world.start().auth("token-of-alice").result == "accepted"
        hole.setblocking(False)
        hole.accept()[0].close()
        with pytest.raises(BlockingIOError):
            hole.accept()


def test_plain_http_to_loopback(certificates):
    world = World(certificates, "--http", "81")
    try:
        world.config["platform"]["url"] = "http://127.0.0.1:81/api/general"
        assert world.start().auth("token-of-alice").result == "accepted"
    finally:
        world.close()


def test_a_port_that_refuses(world):
    world.platform.listener("closed")
    world.start()
    assert str(world.daemon.auth("token-of-alice")).startswith("unavailable/undecided/")
    world.daemon.wait_log("cause=connect")
    world.platform.listener("open")
    wait_until(lambda: world.daemon.auth("token-of-alice").result == "accepted", "a login")


def test_a_port_that_never_speaks(world):
    world.platform.listener("silent")
    world.start()
    assert str(world.daemon.auth("token-of-alice")).startswith("unavailable/undecided/")
    world.daemon.wait_log("cause=(timeout|connect|tls)")
    world.platform.listener("open")
    wait_until(lambda: world.daemon.auth("token-of-alice").result == "accepted", "a login")


# ---- connections ----

def test_connections_are_kept_and_made_ahead(running):
    for number in range(20):
        running.platform.add(f"t{number}")
        assert running.daemon.auth(f"t{number}").result == "accepted"
    assert running.platform.counts()["connections"] == 0
    assert running.platform.counts()["open_connections"] in (1, 2)


@pytest.mark.parametrize("parting", ["polite", "rude"])
def test_a_platform_that_closes_after_each_answer(shared, parting):
    shared.platform.close_each(parting)
    try:
        for number in range(20):
            token = f"closed-{parting}-{number}"
            shared.platform.add(token)
            assert str(shared.daemon.auth(token)) == VALID
    finally:
        shared.platform.close_each("never")


@pytest.mark.parametrize("how", ["polite", "rude"])
def test_a_platform_that_closes_all_connections_at_will(shared, how):
    for number in range(20):
        token = f"cut-{how}-{number}"
        shared.platform.add(token)
        shared.platform.close_all(how)
        assert str(shared.daemon.auth(token)) == VALID


def test_http1_uses_several_connections_but_not_too_many(certificates):
    world = World(certificates, "--http1")
    try:
        world.start()
        world.settle()
        world.platform.latency(20)
        frames = []
        for number in range(200):
            world.platform.add(f"many-{number}")
            frames.append(wire.request(wire.AUTH, token=f"many-{number}", user="alice",
                                       service="sshd", uid=2001))
        replies = wire.Crowd(world.daemon.socket, frames).replies()
        assert {str(reply) for reply in replies} == {VALID}
        assert 1 < world.platform.counts()["most_in_flight"] <= 32
        assert world.platform.counts()["most_connections"] <= 33
    finally:
        world.close()


def test_few_streams(world):
    world.platform.streams(3)
    world.start()
    world.settle()
    world.platform.latency(5)
    frames = []
    for number in range(60):
        world.platform.add(f"many-{number}")
        frames.append(wire.request(wire.AUTH, token=f"many-{number}", user="alice",
                                   service="sshd", uid=2001))
    replies = wire.Crowd(world.daemon.socket, frames).replies()
    assert {str(reply) for reply in replies} == {VALID}


def test_hang_cached_go_on_and_others_are_answered(running):
    daemon, platform = running.daemon, running.platform
    fields = {"service": "pgbouncer"}
    assert daemon.auth("token-of-alice", **fields).result == "accepted"
    platform.freeze("on")
    assert daemon.auth("token-of-alice", **fields).result == "accepted"
    assert str(daemon.auth("token-of-bob", user="bob", **fields)).startswith(
        "unavailable/undecided/")
    platform.freeze("off")
    wait_until(lambda: daemon.auth("token-of-bob", user="bob", **fields).result == "accepted",
               "a login")


def test_hang_outlasts_the_verdict(running):
    """`outage.logins` is 0: once the verdict is older than A nobody is let in, and nobody is
    refused."""
    daemon, platform = running.daemon, running.platform
    fields = {"service": "pgbouncer"}
    daemon.auth("token-of-alice", **fields)
    platform.freeze("on")
    wait_until(lambda: daemon.auth("token-of-alice", **fields).result == "unavailable", "an outage")
    platform.freeze("off")
    wait_until(lambda: daemon.auth("token-of-alice", **fields).result == "accepted", "a login")


def test_outage_logins(world):
    world.config.groups["outage"] = {"logins": 3600.0}
    world.start()
    world.settle()
    world.daemon.auth("token-of-alice", service="pgbouncer")
    world.platform.freeze("on")
    wait_until(lambda: str(world.daemon.auth("token-of-alice", service="pgbouncer"))
               == "accepted/outage/none", "a login during an outage")
    assert world.daemon.auth("token-of-bob", user="bob").result == "unavailable"


def test_wait_of_a_service_is_short_while_the_check_goes_on(world):
    world.config["services"][2]["wait"] = 0.1
    world.start()
    world.settle()
    world.platform.latency(250)
    fields = {"service": "pgbouncer"}
    assert str(world.daemon.auth("token-of-alice", **fields)) == "unavailable/undecided/wait"
    wait_until(lambda: world.daemon.auth("token-of-alice", **fields).result == "accepted",
               "the verdict")
    assert world.platform.counts("token-of-alice")["requests"] == 1


def test_environment_proxy_is_nobodys_business(world):
    trap = f"http://127.0.0.1:{world.platform.trap}"
    world.start(https_proxy=trap, HTTPS_PROXY=trap, all_proxy=trap, http_proxy=trap)
    world.settle()
    assert world.daemon.auth("token-of-alice").result == "accepted"
    assert world.platform.counts()["trap_connections"] == 0
    assert os.path.exists(world.daemon.socket)
