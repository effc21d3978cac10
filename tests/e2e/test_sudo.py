# SPDX-License-Identifier: Apache-2.0
import os

import pytest

from conftest import BOUND
from world.clients import as_user
from world.host import run, wait_until
from world.platform import ALICE, BOB

POISON = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9",
          "all_proxy": "http://127.0.0.1:9", "SSLKEYLOGFILE": "/tmp/stolen-keys",
          "SSL_CERT_FILE": "/dev/null", "LD_PRELOAD": "/tmp/evil.so",
          "DBLAB_SOCKET": "/tmp/evil", "PATH": os.environ["PATH"], "TERM": "dumb"}


def sudo(user, answers, *args, env=None):
    return as_user(user, "sudo", list(args), answers, env)


def test_token(host):
    outcome = sudo("alice", [ALICE], "-k", "id", "-un")
    assert outcome.ok and "root" in outcome.output, outcome
    assert not sudo("alice", [BOB, BOB, BOB], "-k", "id").ok


def test_cached_timestamp_after_revocation(host, platformd):
    """In one terminal: sudo asks once, then not; after the revocation it is refused anyway."""
    script = ("sudo -v && sudo -n id -un && echo FIRST && read -r x < /run/world/fifo; "
              "sudo -n id -un && echo SECOND")
    fifo = "/run/world/fifo"
    if not os.path.exists(fifo):
        os.mkfifo(fifo, 0o666)
        os.chmod(fifo, 0o666)
    import pexpect
    child = pexpect.spawn("runuser", ["-u", "alice", "--", "bash", "-c", script], timeout=30,
                          encoding="utf-8", cwd="/")
    child.expect("token: ")
    child.sendline(ALICE)
    child.expect("FIRST")
    platformd.revoke(ALICE)
    wait_until("revocation", lambda: not sudo("alice", [ALICE], "-k", "id").ok, BOUND + 10)
    with open(fifo, "w", encoding="ascii") as out:
        out.write("go\n")
    child.expect(pexpect.EOF)
    assert "SECOND" not in child.before


def test_nopasswd(host):
    with open("/etc/sudoers.d/nopasswd", "w", encoding="ascii") as out:
        out.write("bob ALL=(ALL) NOPASSWD: ALL\n")
    try:
        assert not sudo("bob", [], "-n", "id").ok
        assert as_user("bob", "sudo", ["-k", "-n", "true"], []).status != 0
    finally:
        os.unlink("/etc/sudoers.d/nopasswd")


def test_local_administrator(host, platformd):
    platformd.reset()
    outcome = sudo("dave", ["daves-password"], "-k", "id", "-un")
    assert outcome.ok and "root" in outcome.output, outcome
    host.stop(host.daemon)
    assert sudo("dave", ["daves-password"], "-k", "id").ok
    assert platformd.counts()["requests"] == 0


def test_su(host):
    outcome = as_user("carol", "su", ["bob", "-c", "id -un"], [BOB])
    assert outcome.ok and "bob" in outcome.output, outcome
    assert not as_user("carol", "su", ["bob", "-c", "id -un"], [ALICE]).ok
    assert run("su", "alice", "-c", "id -un", check=False, capture_output=True).returncode == 0


def test_roots_own_su_with_a_dead_daemon(host):
    host.stop(host.daemon)
    assert run("su", "alice", "-c", "true", check=False).returncode == 0


@pytest.mark.parametrize("program,args,answers", [
    ("sudo", ["-k", "id", "-un"], [ALICE]), ("su", ["bob", "-c", "id -un"], [BOB])])
def test_hostile_environment(host, program, args, answers):
    assert as_user("alice", program, args, answers, env=POISON).ok
    assert not os.path.exists("/tmp/stolen-keys")


@pytest.mark.parametrize("token,ok", [("x" * 511, True), ("x" * 512, False)])
def test_length(host, platformd, token, ok):
    platformd.add(token, 1, True, "alice@acme.io")
    assert sudo("alice", [token], "-k", "id").ok == ok
