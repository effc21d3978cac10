# SPDX-License-Identifier: Apache-2.0
import time

import pytest

from conftest import BOUND
from world.clients import ssh, ssh_key
from world.host import wait_until
from world.platform import ADMINISTRATIVE, ALICE, ALICE2, BOB, FOREIGN

METHODS = ["password", "keyboard-interactive"]


@pytest.mark.parametrize("method", METHODS)
def test_token(host, method):
    outcome = ssh("alice", ALICE, method)
    assert outcome.ok and "alice" in outcome.output, outcome
    assert ssh("alice", ALICE2, method).ok
    assert ssh("bob", BOB, method).ok


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("token", [BOB, ADMINISTRATIVE, FOREIGN, "invented", ""])
def test_refused(host, method, token):
    assert not ssh("alice", token, method).ok


@pytest.mark.parametrize("method", METHODS)
def test_revoked_within_the_bound(host, platformd, method):
    assert ssh("alice", ALICE, method).ok
    platformd.revoke(ALICE)
    began = time.monotonic()
    wait_until("refusal", lambda: not ssh("alice", ALICE, method).ok, BOUND + 10)
    assert time.monotonic() - began < BOUND + 5
    assert not ssh("alice", ALICE, method).ok
    assert ssh("alice", ALICE2, method).ok


def test_local_user_as_before(host, platformd):
    """carol's password is asked for by nobody but pam_unix, and never sent anywhere."""
    platformd.reset()
    outcome = ssh("carol", "carols-password", "password")
    assert outcome.ok, outcome
    outcome = ssh("carol", "carols-password", "keyboard-interactive")
    assert outcome.ok and "token" not in " ".join(outcome.prompts).lower(), outcome
    assert not ssh("carol", "wrong", "password").ok
    assert platformd.counts()["requests"] == 0


def test_password_of_a_token_user_opens_nothing(host):
    from world.host import run
    run("chpasswd", input=b"alice:a-unix-password\n", stdin=None)
    assert not ssh("alice", "a-unix-password", "password").ok


def test_key_needs_a_valid_token(host, platformd):
    outcome = ssh_key("alice", host.key, options=["-o", "LogLevel=INFO"])
    assert not outcome.ok and "No valid Database Lab token" in outcome.output, outcome
    assert ssh("alice", ALICE).ok
    assert ssh_key("alice", host.key).ok
    platformd.revoke(ALICE)
    wait_until("refusal", lambda: not ssh_key("alice", host.key).ok, BOUND + 10)
    assert ssh_key("carol", host.key).ok


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("token", [
    "x", "x" * 511, "two words", "tökén-é", 'quote"d', "back\\slash"])
def test_odd_tokens(host, platformd, method, token):
    platformd.add(token, 1, True, "alice@acme.io")
    assert ssh("alice", token, method).ok


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("token", ["x" * 512, "x" * 1000])
def test_too_long(host, platformd, method, token):
    platformd.add(token, 1, True, "alice@acme.io")
    platformd.reset()
    assert not ssh("alice", token, method).ok
    assert platformd.counts()["requests"] <= 1  # the own token's at most


def test_dead_daemon(host):
    host.stop(host.daemon)
    assert not ssh("alice", ALICE).ok
    assert not ssh_key("alice", host.key).ok
    assert ssh("carol", "carols-password", "password").ok
    assert ssh_key("carol", host.key).ok


def test_platform_down(host, platformd):
    assert ssh("alice", ALICE).ok
    platformd.all("500")
    assert ssh("alice", ALICE).ok  # a young verdict
    assert not ssh("bob", BOB).ok
    assert ssh("carol", "carols-password", "password").ok
    platformd.all("normal")
    assert wait_until("recovery", lambda: ssh("bob", BOB).ok, 15)
