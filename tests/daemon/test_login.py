# SPDX-License-Identifier: Apache-2.0
"""Who is let in, by what the Platform says of the token."""

import pytest

import wire
from conftest import OWN
from daemon import As, wait_until


def test_valid_token_is_accepted(running):
    reply = running.daemon.auth("token-of-alice")
    assert str(reply) == "accepted/valid/none"
    assert (reply.personal, reply.org_id, reply.email, reply.user) == (
        True, 1, "alice@acme.io", "alice")


def test_the_request_is_the_engines(world):
    world.config["platform"].update(orgKey="the-key", instanceId="instance 7")
    world.start()
    world.settle()
    world.daemon.auth("token-of-alice")
    (seen,) = world.platform.requests()
    assert seen["method"] == "POST" and seen["http2"]
    assert seen["path"] == "/api/general/rpc/dblab_token_check"
    assert seen["body"] == b'{"token":"token-of-alice"}'
    headers = seen["headers"]
    assert headers["access-token"] == OWN
    assert headers["org-key"] == "the-key"
    assert headers["selfassigned-instance-id"] == "instance 7"
    assert headers["content-type"].startswith("application/json")
    assert not {"cookie", "authorization", "expect", "referer"} & set(headers)


def test_instance_id_is_always_sent_and_org_key_only_if_set(running):
    running.daemon.auth("token-of-alice")
    headers = running.platform.requests()[-1]["headers"]
    assert headers["selfassigned-instance-id"] == ""
    assert "org-key" not in headers


def test_without_an_own_token_a_token_vouches_for_its_own_check(world):
    del world.config["platform"]["accessTokenFile"]
    world.config["platform"]["orgId"] = 1
    world.start()
    assert world.daemon.auth("token-of-alice").result == "accepted"
    assert world.platform.requests()[-1]["headers"]["access-token"] == "token-of-alice"


@pytest.mark.parametrize("extras", ["absent", "null", "empty"])
@pytest.mark.parametrize("wrap", ["plain", "array", "result", "array-result"])
def test_wrappings(shared, wrap, extras):
    shared.platform.wrap(wrap)
    shared.platform.extras(extras)
    token = f"token-{wrap}-{extras}"
    shared.platform.add(token)
    assert str(shared.daemon.auth(token)) == "accepted/valid/none"


# token: org, personal, email -> reason
NOT_PERMITTED = {
    "another-organization": ((2, True, "alice@acme.io"), "other-organization"),
    "administrative": ((1, False, "alice@acme.io"), "not-personal"),
    "administrative-of-another": ((2, False, "alice@acme.io"), "other-organization"),
    "of-bob": ((1, True, "bob@acme.io"), "other-user"),
    "another-domain": ((1, True, "alice@evil.io"), "other-user"),
    "a-longer-domain": ((1, True, "alice@acme.io.evil.io"), "other-user"),
    "a-subdomain": ((1, True, "alice@sub.acme.io"), "other-user"),
    "display-name": ((1, True, "Alice <alice@acme.io>"), "other-user"),
    "plus-tag": ((1, True, "alice+x@acme.io"), "other-user"),
    "two-at": ((1, True, "alice@acme.io@acme.io"), "other-user"),
    "a-blank": ((1, True, "alice @acme.io"), "other-user"),
    "colon": ((1, True, "alice:x@acme.io"), "other-user"),
    "slash": ((1, True, "alice/../alice@acme.io"), "other-user"),
    "non-ascii": ((1, True, "аlice@acme.io"), "other-user"),
    "no-domain": ((1, True, "alice"), "other-user"),
    "no-name": ((1, True, "@acme.io"), "other-user"),
    "quotes": ((1, True, '"alice"@acme.io'), "other-user"),
    "null": ((1, True, None), "no-email"),
    "absent": ((1, True, "-"), "no-email"),
    "empty": ((1, True, ""), "no-email"),
    "newline": ((1, True, "alice@acme.io\nbob@acme.io"), "no-email"),
    "a-final-newline": ((1, True, "alice@acme.io\n"), "no-email"),
    "nul": ((1, True, b"alice@acme.io\0"), "no-email"),
    "too-long": ((1, True, "a" * 246 + "@acme.io.x"), "no-email"),
}


@pytest.mark.parametrize("name", NOT_PERMITTED)
def test_not_permitted(shared, name):
    (org, personal, email), reason = NOT_PERMITTED[name]
    token = f"not-permitted-{name}"
    shared.platform.add(token, org, personal, email)
    assert str(shared.daemon.auth(token)) == f"refused/{reason}/none"


def test_mixed_case_of_the_address_is_one_person(shared):
    shared.platform.add("mixed-case", 1, True, "Alice@ACME.io")
    assert str(shared.daemon.auth("mixed-case")) == "accepted/valid/none"


def test_map_file_goes_before_the_rule(world):
    names = world.folder / "map"
    names.write_text("alice@acme.io root2 al\nAlice+x@Other.io alice  # a comment\n")
    names.chmod(0o644)
    world.config["identity"]["mapFile"] = str(names)
    world.platform.add("tagged", 1, True, "Alice+x@Other.io")
    daemon = world.start()
    assert daemon.auth("token-of-alice", user="al").result == "accepted"
    assert str(daemon.auth("token-of-alice", user="alice")) == "refused/other-user/none"
    assert daemon.auth("tagged", user="alice").result == "accepted"
    assert daemon.auth("token-of-bob", user="bob", uid=2002).result == "accepted"


def test_whole_addresses_as_names(running):
    daemon = running.daemon
    fields = {"service": "web", "uid": wire.NO_UID}
    assert daemon.auth("token-of-alice", user="alice@acme.io", **fields).result == "accepted"
    assert daemon.auth("token-of-alice", user="alice", **fields).result != "accepted"
    assert daemon.auth("token-of-alice", user="Alice@acme.io", **fields).result != "accepted"


def test_personal_tokens_can_be_switched_off(world):
    world.config["platform"]["enablePersonalTokens"] = False
    world.start()
    assert str(world.daemon.auth("token-of-alice")) == "refused/personal-tokens-off/none"


def test_administrative_tokens_are_for_the_listed_users(world):
    world.config.groups["tokens"] = {"administrativeUsers": ["deploy"]}
    world.config["services"].append(
        {"name": "ops", "unixAccount": False, "administrativeUsers": ["backup"]})
    world.platform.add("admin", 1, False, None)
    world.platform.add("admin-of-2", 2, False, None)
    daemon = world.start()
    assert daemon.auth("admin", user="deploy", uid=2003).result == "accepted"
    assert str(daemon.auth("admin", user="alice")) == "refused/not-personal/none"
    assert str(daemon.auth("admin-of-2", user="deploy", uid=2003)) == (
        "refused/other-organization/none")
    assert daemon.auth("admin", user="backup", service="ops").result == "accepted"
    assert str(daemon.auth("admin", user="backup", uid=2004)) == "refused/not-personal/none"
    assert daemon.auth("token-of-alice", user="deploy", uid=2003).result == "refused"


def test_verification_token_never_leaves_the_host(world):
    secret = world.folder / "verification"
    secret.write_text("the-verification-token\n")
    secret.chmod(0o600)
    world.config.groups["tokens"] = {
        "verificationTokenFile": str(secret), "verificationUsers": ["setup"]}
    daemon = world.start()
    world.settle()
    assert daemon.auth("the-verification-token", user="setup", uid=2005).result == "accepted"
    assert daemon.account(user="setup", uid=2005).result == "accepted"
    assert str(daemon.auth("the-verification-token")) == "refused/verification/none"
    assert daemon.ask(wire.CHECK, token="the-verification-token", user="setup",
                      service="sshd").result == "accepted"
    assert world.platform.counts()["requests"] == 0


TOKENS = {
    "one byte": "x",
    "511 bytes": "y" * 511,
    "blanks": " a token with blanks ",
    "quotes": 'a"token\\with\\\\quotes"',
    "json": '"},"token":"token-of-alice',
    "utf-8": "tökén-пароль-令牌-🔑",
    "percent": "%00%0a\\u0041",
    "header": "x: y",
}


@pytest.mark.parametrize("name", TOKENS)
def test_any_text_can_be_a_token(shared, name):
    token = TOKENS[name]
    shared.platform.add(token, 1, True, "alice@acme.io")
    assert str(shared.daemon.auth(token)) == "accepted/valid/none"
    assert shared.platform.bodies()[-1] == token


BAD_FORMS = {
    "empty": b"",
    "512 bytes": b"z" * 512,
    "2000 bytes": b"z" * 2000,
    "control byte": b"a\x01b",
    "newline": b"token-of-alice\n",
    "NUL": b"token-of-alice\0",
    "DEL": b"a\x7fb",
    "sshd's junk": b"\x08\x0a\x0d\x7fINCORRECT",
    "not UTF-8": b"a\xff\xfeb",
    "overlong": b"\xc0\x80",
}


@pytest.mark.parametrize("name", BAD_FORMS)
def test_bad_forms_make_no_traffic(shared, name):
    before = shared.platform.counts()["requests"]
    reply = shared.daemon.ask(wire.AUTH, token=BAD_FORMS[name], user="alice", service="sshd",
                              uid=2001, again=False)
    assert reply is None or reply.result == "refused"
    assert shared.platform.counts()["requests"] == before
    assert shared.daemon.status()


# what is asked -> reason
DENIED = {
    "service": ({"service": "ftp"}, "service"),
    "service ''": ({"service": ""}, "service"),
    "root": ({"user": "root", "uid": 0}, None),
    "uid 0": ({"uid": 0}, "user"),
    "below minUid": ({"uid": 999}, "user"),
    "no uid": ({"uid": wire.NO_UID}, "user"),
    "denyUsers": ({"user": "postgres", "service": "pgbouncer"}, "deny-user"),
    "not a name": ({"user": "../alice"}, "user"),
    "no name": ({"user": ""}, "user"),
    "upper case": ({"user": "Alice"}, "user"),
}


@pytest.mark.parametrize("name", DENIED)
def test_denied_without_a_question_to_the_platform(shared, name):
    fields, reason = DENIED[name]
    before = shared.platform.counts()["requests"]
    reply = shared.daemon.auth("token-of-nobody", **fields)
    assert reply.result == "denied" and reason in (None, reply.reason)
    assert shared.platform.counts()["requests"] == before


def test_callers_speak_for_their_service_alone(running):
    daemon = running.daemon
    fields = {"service": "pgbouncer", "uid": wire.NO_UID}
    with As(991):
        assert daemon.auth("token-of-alice", **fields).result == "accepted"
        assert str(daemon.auth("token-of-alice")) == "denied/caller/none"
        assert str(daemon.auth("token-of-alice", user="alice@acme.io", service="web")) == (
            "denied/caller/none")
    with As(2001):
        assert str(daemon.auth("token-of-alice", **fields)) == "denied/caller/none"
        assert str(daemon.account(**fields)) == "denied/caller/none"


def test_check_and_reload_are_roots_alone(running):
    with As(991):
        for op in (wire.CHECK, wire.RELOAD):
            reply = running.daemon.ask(op, token="token-of-alice")
            assert str(reply) == "denied/root-only/none"
        assert running.daemon.status()["org_id"] == "1"
        assert running.daemon.metrics()["dblab_auth_platform_up"] == 1


def test_check_says_whom_a_token_belongs_to(running):
    reply = running.daemon.ask(wire.CHECK, token="token-of-bob", service="sshd")
    assert (reply.result, reply.user, reply.email, reply.org_id) == (
        "accepted", "bob", "bob@acme.io", 1)
    assert running.daemon.ask(wire.CHECK, token="nobody's", service="sshd").result == "refused"


def test_account_needs_a_token_of_this_host(running):
    daemon = running.daemon
    assert str(daemon.account()) == "refused/no-token/none"
    daemon.auth("token-of-alice")
    assert daemon.account().result == "accepted"
    assert daemon.account(service="sudo").result == "accepted"
    assert str(daemon.account(user="bob", uid=2002)) == "refused/no-token/none"


def test_a_check_leaves_no_token_behind(running):
    reply = running.daemon.ask(wire.CHECK, token="token-of-alice", user="alice", service="sshd")
    assert reply.result == "accepted"
    assert str(running.daemon.account()) == "refused/no-token/none"


def test_a_refused_token_does_not_vouch(running):
    running.daemon.auth("token-of-bob", user="alice")
    assert str(running.daemon.account()) == "refused/no-token/none"
    assert str(running.daemon.account(user="bob", uid=2002)) == "refused/no-token/none"


def test_logins_are_counted(running):
    running.daemon.auth("token-of-alice")
    running.daemon.auth("nobody's")
    found = wait_until(running.daemon.metrics)
    name = 'dblab_auth_logins_total{service="sshd",result="%s"}'
    assert found[name % "accepted"] == 1 and found[name % "refused"] == 1
    assert found['dblab_auth_checks_total{class="good"}'] == 2
    assert found['dblab_auth_checks_total{class="invalid"}'] == 1
