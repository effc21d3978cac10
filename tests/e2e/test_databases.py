# SPDX-License-Identifier: Apache-2.0
"""pgbouncer, PostgreSQL's own method `pam`, and nginx."""
import asyncio

import pytest

from conftest import refused_within_the_bound
from world.databases import POOLER, SERVER, psql
from world.host import PASSWORDS
from world.platform import ADMINISTRATIVE, ALICE, ALICE2, BOB, FOREIGN
from world.postgres import Client, Refused, attempt, attempts
from world.servers import Page
from world.tools import wait_until

PAM_FAILED = "PAM authentication failed"
DEADLINE = 60


def together(work):
    """Runs it with a deadline."""
    return asyncio.run(asyncio.wait_for(work, DEADLINE))


# ---- pgbouncer ----

def test_pgbouncer(engine):
    answer = psql("alice", ALICE, **POOLER)
    assert answer.ok and answer.output == "dblab_pool", answer
    for token in (BOB, ADMINISTRATIVE, FOREIGN, "invented", PASSWORDS["alice"]):
        answer = psql("alice", token, **POOLER)
        assert not answer.ok and PAM_FAILED in answer.output, answer
    assert engine.requests(ALICE) == 1


def test_no_token_is_a_backend_password(engine):
    """The pooler's role is reached by the pooler's uid alone."""
    assert not psql("dblab_pool", ALICE, **SERVER).ok
    engine.platform.set(ALICE, "email", "dblab_pool@acme.io")
    assert not psql("dblab_pool", ALICE, **SERVER).ok


def test_pgbouncer_console(engine):
    """Nobody is an administrator of the pooler, whatever the token says."""
    for name in ("pgbouncer", "postgres", "alice"):
        engine.platform.add(f"token-of-{name}", 1, True, f"{name}@acme.io")
        assert not psql(name, f"token-of-{name}", "show fds", port=6432, database="pgbouncer").ok


@pytest.mark.usefixtures("short_bound")
def test_pgbouncer_revoked(engine):
    assert psql("alice", ALICE, **POOLER).ok
    engine.platform.revoke(ALICE)
    refused_within_the_bound(lambda: psql("alice", ALICE, **POOLER))
    assert psql("alice", ALICE2, **POOLER).ok


@pytest.mark.parametrize("user", ["root", "postgres", "pgbouncer"])
def test_denied_users(engine, user):
    engine.platform.add("one-of-theirs", 1, True, f"{user}@acme.io")
    assert not psql(user, "one-of-theirs", **POOLER).ok
    assert engine.requests("one-of-theirs") == 0


def test_300_clients_at_once(engine):
    logins = [("alice", ALICE), ("bob", BOB)] * 150
    assert [a for a in together(attempts(logins)) if a is not None] == []
    assert engine.requests(ALICE) == 1 and engine.requests(BOB) == 1


async def queries_until(client, task):
    """Asks on a connection that is there as long as `task` runs; how often it was answered."""
    count = 0
    while not task.done():
        assert await client.query("select 1") == ["1"]
        count += 1
    return count


def test_flood_of_bad_tokens(engine):
    """It costs the Platform what the limiter lets pass, and who is there nothing but a wait."""
    flood = 400
    limit = 10 * 10  # of failuresPerMinute, for all names of one address

    async def work():
        client = await Client.login("alice", ALICE)
        bad = asyncio.ensure_future(attempts([(f"user{i}", f"bad-{i}") for i in range(flood)]))
        assert await queries_until(client, bad) > 0
        client.close()
        return bad.result()

    refusals = together(work())
    assert len(refusals) == flood and all(PAM_FAILED in r for r in refusals)
    assert engine.requests() <= 1 + limit + 1
    # A token that is known to be good is never limited.
    assert psql("alice", ALICE, **POOLER).ok


def test_platform_hangs(engine):
    async def work():
        client = await Client.login("alice", ALICE)
        engine.platform.all("hang")
        bob = asyncio.ensure_future(attempt("bob", BOB))
        asked = await queries_until(client, bob)
        assert await attempt("alice", ALICE) is None  # its verdict is young
        client.close()
        return asked, bob.result()

    asked, told = together(work())
    assert asked > 0 and PAM_FAILED in told


def test_wait(engine):
    """A login that takes longer than `wait` is told so while its check goes on; the next try finds
    the verdict, and the Platform was asked once."""
    engine.restart_daemon(timeout=5.0, wait=0.2)
    engine.platform.latency(1500, BOB)
    engine.platform.reset()
    assert not psql("bob", BOB, **POOLER).ok
    wait_until("the verdict", lambda: psql("bob", BOB, **POOLER).ok, 20)
    assert engine.requests(BOB) == 1


def test_dead_daemon(engine):
    engine.stop_daemon()
    assert PAM_FAILED in psql("alice", ALICE, **POOLER).output


@pytest.mark.parametrize("token", [
    "x", "x" * 511, "two words", "tökén-日本", 'quote"d', "back\\slash", "co:lon"])
def test_odd_tokens(engine, token):
    engine.platform.add(token, 1, True, "alice@acme.io")
    assert psql("alice", token, **POOLER).ok
    assert psql("alice", token, **SERVER).ok


BAD_FORMS = [b"", b"x" * 512, b"x" * 2000, b"x" * 3000, b"tab\there", b"line\nfeed", b"\x1b[31m",
             b"high\xff"]


@pytest.mark.parametrize("token", BAD_FORMS, ids=lambda token: repr(token[:9]))
def test_bad_forms(engine, token):
    async def work():
        with pytest.raises(Refused):
            await Client.login("alice", token)
    together(work())
    assert engine.requests() == 0


# ---- PostgreSQL itself ----

@pytest.mark.usefixtures("short_bound")
def test_postgresql(engine):
    answer = psql("alice", ALICE, **SERVER)
    assert answer.ok and answer.output == "alice", answer
    for token in (BOB, FOREIGN, "invented"):
        assert not psql("alice", token, **SERVER).ok
    # Not in clear, and for people who are no token users as before.
    assert not psql("alice", ALICE, **{**SERVER, "PGSSLMODE": "disable"}).ok
    assert psql("carol", PASSWORDS["carol"], **SERVER).ok
    engine.platform.revoke(ALICE)
    refused_within_the_bound(lambda: psql("alice", ALICE, **SERVER))


def test_a_postgresql_client_without_a_password(engine):
    """psql connects once without one to learn that it is asked: no failed login of anybody's."""
    mark = engine.log.mark()
    for _ in range(20):
        assert not psql("alice", "", **SERVER).ok
    assert psql("alice", ALICE, **SERVER).ok
    assert "limited" not in engine.log.text(mark)


# ---- nginx ----

def test_nginx(engine):
    assert Page("alice", ALICE).ok
    for token in (BOB, FOREIGN, "invented", ""):
        assert Page("alice", token).status == 401
    assert Page("alice", ALICE).ok
    assert engine.requests(ALICE) == 1  # however often nginx asks


@pytest.mark.usefixtures("short_bound")
def test_nginx_revoked(engine):
    assert Page("alice", ALICE).ok
    engine.platform.revoke(ALICE)
    refused_within_the_bound(lambda: Page("alice", ALICE))
