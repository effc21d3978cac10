# SPDX-License-Identifier: Apache-2.0
"""sudo, su and login at a terminal."""
import os
import socket
import subprocess
import threading

import pytest

from conftest import refused_within_the_bound
from world.clients import Outcome, Shell, drive, ssh, su, sudo
from world.host import PASSWORDS
from world.platform import ALICE, BOB
from world.tools import ENVIRONMENT, run, wait_until, write

TOKEN_PROMPT = "Database Lab token:"


@pytest.fixture
def sudoers():
    """Writes further rules, for one test."""
    path = "/etc/sudoers.d/test"
    yield lambda text: write(path, text + "\n", 0o440)
    if os.path.exists(path):
        os.unlink(path)


# ---- sudo ----

@pytest.mark.parametrize("options", [["id", "-un"], ["-i", "id", "-un"]], ids=["sudo", "sudo-i"])
def test_sudo(engine, options):
    outcome = sudo("alice", [ALICE], *options)
    assert outcome.ok and outcome.output.split() == ["root"], outcome
    assert outcome.prompts == [TOKEN_PROMPT]
    for token in (BOB, "invented", PASSWORDS["alice"]):
        outcome = sudo("alice", [token, token, token], *options)
        assert not outcome.ok and outcome.prompts == [TOKEN_PROMPT] * 3, outcome


def test_sudo_is_still_sudoers_to_allow(engine):
    outcome = sudo("bob", [BOB], "id")
    assert not outcome.ok and "not in the sudoers file" in outcome.output, outcome


@pytest.mark.usefixtures("short_bound")
def test_cached_timestamp(engine):
    with Shell("alice", ALICE) as shell:
        assert shell.run("sudo -n true")[0] != 0
        assert shell.run("sudo id -un", [ALICE])[0] == 0
        assert shell.run("sudo -n id -un")[0] == 0
        engine.platform.revoke(ALICE)
        refused_within_the_bound(lambda: Outcome(shell.run("sudo -n id -un")[0], [], ""))


@pytest.mark.usefixtures("short_bound")
def test_nopasswd(engine, sudoers):
    sudoers("alice ALL=(ALL) NOPASSWD: ALL")
    outcome = sudo("alice", [], "id", "-un")
    assert not outcome.ok and outcome.prompts == [], outcome
    assert ssh("alice", ALICE).ok
    assert sudo("alice", [], "id", "-un").ok
    engine.platform.revoke(ALICE)
    refused_within_the_bound(lambda: sudo("alice", [], "id", "-un"))


def test_local_administrator(engine):
    def administers():
        outcome = sudo("dave", [PASSWORDS["dave"]], "id", "-un")
        assert outcome.ok and outcome.output.split() == ["root"], outcome
        assert outcome.prompts == ["[sudo] password for dave:"]
        assert sudo("dave", [PASSWORDS["dave"]], "-u", "alice", "id", "-un").ok
    administers()
    assert engine.requests() == 0
    engine.stop_daemon()
    administers()
    assert not sudo("alice", [ALICE] * 3, "id").ok


# ---- su ----

@pytest.mark.parametrize("options", [[], ["-"]], ids=["su", "su-l"])
def test_su(engine, options):
    outcome = su("bob", "alice", ALICE, *options)
    assert outcome.ok and outcome.output.split() == ["alice"], outcome
    assert outcome.prompts == [TOKEN_PROMPT]
    for token in (BOB, "invented", PASSWORDS["alice"]):
        outcome = su("bob", "alice", token, *options)
        assert not outcome.ok and outcome.prompts == [TOKEN_PROMPT], outcome
    outcome = su("alice", "carol", PASSWORDS["carol"], *options)
    assert outcome.ok and outcome.prompts == ["Password:"], outcome


@pytest.mark.usefixtures("short_bound")
def test_su_revoked(engine):
    assert su("bob", "alice", ALICE).ok
    engine.platform.revoke(ALICE)
    refused_within_the_bound(lambda: su("bob", "alice", ALICE))


def test_roots_own_su(engine):
    """No prompt, no token, no daemon."""
    assert drive(["su", "alice", "-c", "id -un"], []).output.split() == ["alice"]
    engine.stop_daemon()
    assert drive(["su", "-", "alice", "-c", "id -un"], []).ok
    assert engine.requests() == 0


# ---- login ----

@pytest.mark.parametrize("user,secret,prompt", [
    ("alice", ALICE, TOKEN_PROMPT), ("carol", PASSWORDS["carol"], "Password:")])
def test_login(engine, user, secret, prompt):
    write(f"/home/{user}/.bash_profile", "id -un; exit\n")
    outcome = drive(["login", user], [secret])
    os.unlink(f"/home/{user}/.bash_profile")
    assert outcome.prompts == [prompt] and outcome.output.split()[-1] == user, outcome


# ---- what a hostile user sets ----

LIBRARY = """#include <fcntl.h>
__attribute__((constructor)) static void loaded(void) { creat("/tmp/preloaded", 0666); }
"""


class Listener:
    """Knows who connects."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.ports = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, (_, port) = self.socket.accept()
            except OSError:
                return
            connection.close()
            self.ports.add(port)

    def strangers(self):
        """How many connected before this call and were not this call."""
        with socket.create_connection(self.socket.getsockname()) as own:
            port = own.getsockname()[1]
            wait_until("the listener", lambda: port in self.ports)
        self.ports.remove(port)
        return len(self.ports)

    def url(self):
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"


@pytest.fixture
def poison():
    """Environment for a program, and a check that none of it had an effect."""
    proxy = Listener()
    run("gcc", "-shared", "-fPIC", "-o", "/tmp/preload.so", "-x", "c", "-", input=LIBRARY.encode())
    traces = ("/tmp/preloaded", "/tmp/stolen-keys")

    def has_effect():
        found = [path for path in traces if os.path.exists(path)]
        for path in found:
            os.unlink(path)
        return bool(found) or proxy.strangers() > 0

    has_effect.env = {
        **ENVIRONMENT, **{name: proxy.url() for name in (
            "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")},
        "SSLKEYLOGFILE": "/tmp/stolen-keys", "SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": "/tmp",
        "CURL_CA_BUNDLE": "/dev/null", "OPENSSL_CONF": "/tmp/openssl.cnf",
        "LD_PRELOAD": "/tmp/preload.so", "LD_LIBRARY_PATH": "/tmp", "LISTEN_FDS": "1",
        "NOTIFY_SOCKET": "/tmp/notify", "HOME": "/tmp", "TMPDIR": "/tmp"}
    yield has_effect
    proxy.socket.close()


def test_hostile_environment(engine, poison):
    # That it works at all: a program without privileges obeys it.
    assert drive(["env", "id"], [], "alice", poison.env).ok and poison()
    outcome = su("alice", "bob", BOB, env=poison.env)
    assert outcome.ok and not poison(), outcome
    outcome = sudo("alice", [ALICE], "id", "-un", env=poison.env)
    assert outcome.ok and not poison(), outcome
    assert not su("alice", "bob", ALICE, env=poison.env).ok and not poison()
    assert engine.requests(ALICE) == 1 and engine.requests(BOB) == 1


# ---- odd tokens ----

@pytest.mark.parametrize("token", [
    "x", "x" * 511, "two words", "tökén-日本", 'quote"d', "back\\slash"])
def test_odd_tokens(engine, token):
    engine.platform.add(token, 1, True, "alice@acme.io")
    assert sudo("alice", [token], "id").ok
    assert su("bob", "alice", token).ok


@pytest.mark.parametrize("token", ["x" * 512, "x" * 2000])
def test_too_long(engine, token):
    engine.platform.add(token, 1, True, "alice@acme.io")
    assert not su("bob", "alice", token).ok
    assert not sudo("alice", [token] * 3, "id").ok
    assert engine.requests(token) == 0


@pytest.mark.parametrize("token", [b"tab\there", b"\x1b[31m", b"high\xff\xfe", b"x" * 512])
def test_bad_forms(engine, token):
    """From a pipe, which lets through what a terminal does not."""
    done = subprocess.run(["setpriv", "--reuid=alice", "--regid=alice", "--init-groups", "sudo",
                           "-k", "-S", "id"], input=token + b"\n", capture_output=True, check=False,
                          timeout=60)
    assert done.returncode != 0
    assert engine.requests() == 0
