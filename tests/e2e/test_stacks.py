# SPDX-License-Identifier: Apache-2.0
"""The shipped stacks for programs that are not here (cron, at, systemd), and what pam-auth-update
may write into common-auth beside them."""
import pytest

from world.clients import ssh, ssh_key, sudo
from world.host import PASSWORDS
from world.libpam import (ACCT_EXPIRED, AUTH_ERR, AUTHINFO_UNAVAIL, PERM_DENIED, SUCCESS,
                          application)
from world.platform import ALICE, BOB

LOGINS = ["sshd", "sudo", "sudo-i", "su", "su-l", "login", "cron", "atd", "systemd-user"]
JOBS = ["cron", "atd", "systemd-user"]
ASKING = [name for name in LOGINS if name not in ("su", "su-l", "systemd-user")]  # of root, too


def code(service, user, call, answer=""):
    return application(service, user, call, answer=answer)["codes"][call]


@pytest.mark.parametrize("service", LOGINS)
def test_account(engine, service):
    assert code(service, "carol", "account") == SUCCESS
    done = application(service, "alice", "account")
    assert done["codes"]["account"] == ACCT_EXPIRED
    assert "No valid Database Lab token" in done["said"][0]
    assert ssh("alice", ALICE).ok
    assert code(service, "alice", "account") == SUCCESS
    engine.stop_daemon()
    assert code(service, "carol", "account") == SUCCESS
    assert code(service, "alice", "account") == AUTHINFO_UNAVAIL


@pytest.mark.parametrize("service", ASKING)
def test_auth(engine, service):
    done = application(service, "alice", "auth", "account", "setcred", answer=ALICE)
    assert set(done["codes"].values()) == {SUCCESS} and len(done["asked"]) == 1, done
    assert code(service, "alice", "auth", BOB) == AUTH_ERR
    assert code(service, "alice", "auth", PASSWORDS["alice"]) == AUTH_ERR
    done = application(service, "carol", "auth", "account", "setcred", answer=PASSWORDS["carol"])
    assert set(done["codes"].values()) == {SUCCESS} and done["asked"] == ["Password: "], done


@pytest.mark.parametrize("service", JOBS)
@pytest.mark.parametrize("user", ["carol", "alice"])
def test_jobs_have_sessions(engine, service, user):
    """As cron does it: account, credentials, session, and no authentication."""
    assert ssh("alice", ALICE).ok
    done = application(service, user, "account", "setcred", "open", "close")
    assert set(done["codes"].values()) == {SUCCESS}, done


def test_a_service_that_is_not_listed(engine):
    """A token user is refused there without a prompt, and a log line names the setting."""
    with open("/etc/pam.d/sshd", encoding="utf-8") as stack:
        text = stack.read()
    with open("/etc/pam.d/unlisted", "w", encoding="utf-8") as out:
        out.write(text)
    mark = engine.log.mark()
    done = application("unlisted", "alice", "auth", answer=ALICE)
    assert done == {"codes": {"auth": PERM_DENIED}, "asked": [], "said": []}
    assert "services" in engine.log.text(mark)
    assert code("unlisted", "carol", "auth", PASSWORDS["carol"]) == SUCCESS


@pytest.fixture
def longer_common_auth():
    """What pam-auth-update makes of a module of class Additional, here one that says when it is
    asked for credentials."""
    path = "/etc/pam.d/common-auth"
    with open(path, encoding="utf-8") as stack:
        text = stack.read()
    with open(path, "w", encoding="utf-8") as out:
        out.write("auth optional pam_faildelay.so delay=0\n" * 3 + text +
                  "auth optional pam_debug.so cred=success\n")
    yield "cred=success"
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def test_longer_common_auth(engine, longer_common_auth):
    """Its length is nothing to us, and without an authentication its credentials are set."""
    assert longer_common_auth  # changes the file for this test
    assert ssh("alice", ALICE, "password").ok and ssh("alice", ALICE).ok
    assert not ssh("alice", PASSWORDS["alice"]).ok
    assert ssh("carol", PASSWORDS["carol"], "password").ok
    assert sudo("alice", [ALICE], "id").ok and sudo("dave", [PASSWORDS["dave"]], "id").ok
    assert ssh_key("carol", engine.key).ok


@pytest.mark.parametrize("service", ["sshd", "sudo", "cron", "atd", "login"])
def test_credentials_without_authentication(engine, longer_common_auth, service):
    done = application(service, "carol", "account", "setcred")
    assert longer_common_auth in done["said"], done


def test_no_complaints_of_libpam(engine):
    """Nothing in the stacks was unknown to it; run after what used them."""
    for service in LOGINS:
        application(service, "carol", "account")
    complaints = [line for line in engine.log.text().splitlines() if "PAM " in line and any(
        word in line for word in ("unable to", "illegal", "error", "bad jump", "no module"))]
    assert complaints == []
