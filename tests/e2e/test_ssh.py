# SPDX-License-Identifier: Apache-2.0
"""ssh: by password, keyboard-interactive and key, with the real sshd."""
import paramiko
import pytest

from conftest import refused_within_the_bound
from world.clients import Shell, ssh, ssh_key
from world.host import PASSWORDS
from world.tools import wait_until
from world.platform import ADMINISTRATIVE, ALICE, ALICE2, BOB, FOREIGN

METHODS = ["password", "keyboard-interactive"]
TOKEN_PROMPT = "(alice@127.0.0.1) Database Lab token:"


@pytest.fixture(params=METHODS)
def method(request):
    return request.param


def test_token(engine, method):
    outcome = ssh("alice", ALICE, method)
    assert outcome.ok and outcome.output.split()[-1] == "alice", outcome
    if method == "keyboard-interactive":
        assert outcome.prompts == [TOKEN_PROMPT]
    assert ssh("alice", ALICE2, method).ok
    assert ssh("bob", BOB, method).ok
    assert engine.requests(ALICE) == 1


def test_shell_at_a_terminal(engine):
    with Shell("alice", ALICE) as shell:
        assert shell.run("id -un; tty")[0] == 0


@pytest.mark.parametrize("token,why", [
    (BOB, "other-user"), (ADMINISTRATIVE, "not-personal"), (FOREIGN, "other-organization"),
    ("invented", "invalid"), (PASSWORDS["alice"], "invalid")])
def test_refused(engine, method, token, why):
    """The log says why; the person at the door is not told."""
    mark = engine.log.mark()
    outcome = ssh("alice", token, method)
    assert not outcome.ok and "Permission denied" in outcome.output, outcome
    assert why not in outcome.output and why in engine.log.text(mark)


def test_root_never(engine, method):
    engine.platform.set(ALICE, "email", "root@acme.io")
    assert not ssh("root", ALICE, method).ok
    assert engine.requests(ALICE) == 0


@pytest.mark.usefixtures("short_bound")
def test_revoked(engine, method):
    assert ssh("alice", ALICE, method).ok
    engine.platform.revoke(ALICE)
    refused_within_the_bound(lambda: ssh("alice", ALICE, method))
    assert ssh("alice", ALICE2, method).ok


def test_own_token_rotated(engine):
    """Everything is answered 401 then, and nobody is logged out by it."""
    assert ssh("alice", ALICE).ok
    engine.platform.all("401")
    assert not ssh("bob", BOB).ok
    engine.platform.all("normal")
    assert ssh("alice", ALICE).ok


def test_local_user(engine):
    """carol's password is asked for by nobody but pam_unix, and never sent anywhere."""
    outcome = ssh("carol", PASSWORDS["carol"], "password")
    assert outcome.ok and outcome.prompts == ["carol@127.0.0.1's password:"], outcome
    assert not ssh("carol", "wrong", "password").ok
    # Debian's sshd does not offer the other method, and our sample changes that for nobody else.
    assert ssh("carol", PASSWORDS["carol"], "keyboard-interactive").prompts == []
    assert ssh_key("carol", engine.key).ok
    assert engine.requests() == 0


@pytest.mark.usefixtures("short_bound")
def test_key(engine):
    outcome = ssh_key("alice", engine.key)
    assert not outcome.ok and "No valid Database Lab token is behind this login" in outcome.output
    assert ssh("alice", ALICE).ok
    assert ssh_key("alice", engine.key).ok
    assert not ssh_key("bob", engine.key).ok
    engine.platform.revoke(ALICE)
    outcome = refused_within_the_bound(lambda: ssh_key("alice", engine.key))
    assert "token" in outcome.output, outcome
    assert ssh_key("carol", engine.key).ok


@pytest.mark.parametrize("token", [
    "x", "x" * 511, "two words", "tökén-日本", 'quote"d', "back\\slash", "it's", "100%s$HOME"])
def test_odd_tokens(engine, method, token):
    engine.platform.add(token, 1, True, "alice@acme.io")
    assert ssh("alice", token, method).ok
    assert engine.requests(token) == 1


BAD_FORMS = [b"", b"x" * 512, b"x" * 1000, b"x" * 2000, b"tab\there", b"line\nfeed", b"\x1b[31m",
             b"\x7f", b"high\xff\xfe", b"nul\0byte"]


@pytest.mark.parametrize("token", BAD_FORMS, ids=lambda t: repr(t[:9]))
def test_bad_forms(engine, method, token):
    """What no terminal lets through: refused with no question to the Platform."""
    with pytest.raises((paramiko.SSHException, EOFError)):
        paramiko_login("alice", token, method)
    assert engine.requests() == 0
    assert ssh("alice", ALICE, method).ok


def paramiko_login(user, token, method):
    transport = paramiko.Transport(("127.0.0.1", 22))
    try:
        transport.start_client(timeout=20)
        # paramiko encodes text as UTF-8; these bytes are to arrive as they are.
        if method == "password":
            transport.auth_password(user, token, fallback=False)
        else:
            transport.auth_interactive(user, lambda *_: [token])
    finally:
        transport.close()


def test_dead_daemon(engine, method):
    engine.stop_daemon()
    assert not ssh("alice", ALICE, method).ok
    assert not ssh_key("alice", engine.key).ok
    assert ssh("carol", PASSWORDS["carol"], "password").ok
    assert ssh_key("carol", engine.key).ok


def test_platform_down(engine):
    assert ssh("alice", ALICE).ok
    engine.platform.all("500")
    assert ssh("alice", ALICE).ok  # its verdict is young
    assert not ssh("bob", BOB).ok
    assert ssh("carol", PASSWORDS["carol"], "password").ok
    engine.platform.all("normal")
    wait_until("recovery", lambda: ssh("bob", BOB).ok, 15)
