# SPDX-License-Identifier: Apache-2.0
"""The administrator's command on a host that works, and on one that does not."""
import json

import pytest

from world.clients import ssh, ssh_key
from world.host import PASSWORDS
from world.platform import ADMINISTRATIVE, ALICE, BOB, FOREIGN
from world.product import CONFIG
from world.tools import as_account, run

ACCEPTED, REFUSED, UNDECIDED = 0, 1, 2


def command(*args, secret="", user=None, program="dblab-auth"):
    return run(program, *args, check=False, input=secret + "\n", capture_output=True, text=True,
               preexec_fn=as_account(user) if user else None, cwd="/", timeout=60)


def asked(*args, **kwargs):
    done = command(*args, "--json", **kwargs)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("token,code,decision,reason", [
    (ALICE, ACCEPTED, "accepted", "valid"), (BOB, REFUSED, "refused", "other-user"),
    (FOREIGN, REFUSED, "refused", "other-organization"),
    (ADMINISTRATIVE, REFUSED, "refused", "not-personal"),
    ("invented", REFUSED, "refused", "invalid")])
def test_check(engine, token, code, decision, reason):
    status, said = asked("check", "--user", "alice", secret=token)
    assert (status, said["decision"], said["reason"]) == (code, decision, reason)


def test_check_says_whose_it_is(engine):
    status, said = asked("check", secret=BOB)
    assert status == ACCEPTED and said["user"] == "bob" and said["email"] == "bob@acme.io"
    assert said["orgId"] == 1 and said["personal"] is True


def test_check_undecided(engine):
    engine.platform.all("500")
    status, said = asked("check", "--user", "alice", secret=ALICE)
    assert status == UNDECIDED and said["decision"] == "undecided"


def test_check_logs_nobody_in(engine):
    """A token that was only checked vouches for nothing."""
    assert asked("check", "--user", "alice", secret=ALICE)[0] == ACCEPTED
    assert not ssh("alice", PASSWORDS["alice"]).ok
    mark = engine.log.mark()
    assert not ssh_key("alice", engine.key).ok
    assert "no-token" in engine.log.text(mark)


def test_only_root_checks(engine):
    assert command("check", "--user", "alice", secret=ALICE, user="carol").returncode == REFUSED
    assert command("reload", user="carol").returncode == 1
    assert engine.requests(ALICE) == 0


def test_status(engine):
    assert ssh("alice", ALICE).ok
    status, said = asked("status", user="carol")
    assert status == 0 and said["platform"]["reachable"] and said["platform"]["orgId"] == 1
    assert said["tokens"] == 1 and said["sessions"] == 0 and said["boundSeconds"] == 60
    engine.stop_daemon()
    assert command("status").returncode == UNDECIDED


def test_metrics(engine):
    assert ssh("alice", ALICE).ok and not ssh("alice", BOB).ok
    text = command("metrics").stdout
    for line in ('dblab_auth_logins_total{service="sshd",result="accepted"} 1',
                 'dblab_auth_logins_total{service="sshd",result="refused"} 1',
                 "dblab_auth_platform_up 1", "dblab_auth_bound_seconds 60"):
        assert line in text, text


def test_reload(engine):
    with open(CONFIG, encoding="utf-8") as file:
        good = file.read()
    with open(CONFIG, "a", encoding="utf-8") as file:
        file.write("bouond = 3;\n")
    line = good.count("\n") + 1
    done = command("reload")
    assert done.returncode == 1 and f"{CONFIG}:{line}: " in done.stdout + done.stderr, done
    assert command("--check", program="dblab-authd").returncode == 1
    assert ssh("alice", ALICE).ok  # the old configuration is in force
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write(good.replace("acme.io", "elsewhere.io"))
    assert command("reload").returncode == 0
    assert not ssh("alice", ALICE).ok


@pytest.mark.parametrize("program", ["dblab-auth", "dblab-authd"])
def test_usage(engine, program):
    assert command("--help", program=program).returncode == 0
    assert command("--version", program=program).returncode == 0
    assert command("--no-such-option", program=program).returncode == 64
