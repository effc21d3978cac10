# SPDX-License-Identifier: Apache-2.0
import base64
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import BOUND
from world.databases import psql
from world.host import wait_until
from world.platform import ALICE, BOB, FOREIGN


def test_pgbouncer(host):
    outcome = psql("alice", ALICE)
    assert outcome.returncode == 0 and outcome.stdout.strip() == "dblab_pool", outcome
    for token in (BOB, FOREIGN, "invented"):
        outcome = psql("alice", token)
        assert outcome.returncode != 0 and "PAM authentication failed" in outcome.stdout


def test_pgbouncer_revoked(host, platformd):
    assert psql("alice", ALICE).returncode == 0
    platformd.revoke(ALICE)
    wait_until("refusal", lambda: psql("alice", ALICE).returncode != 0, BOUND + 10)
    assert psql("bob", BOB).returncode == 0


def test_pgbouncer_denied_users(host):
    for user in ("root", "postgres", "pgbouncer"):
        assert psql(user, ALICE).returncode != 0


def test_pgbouncer_300_clients(host):
    with ThreadPoolExecutor(60) as pool:
        outcomes = list(pool.map(lambda i: psql("alice", ALICE, timeout=90), range(300)))
    assert [o.stdout for o in outcomes if o.returncode != 0] == []


def test_pgbouncer_flood_of_bad_tokens(host, platformd):
    """It costs the Platform no more requests than the limiter lets pass, and alice nothing."""
    assert psql("alice", ALICE).returncode == 0
    platformd.reset()
    with ThreadPoolExecutor(30) as pool:
        outcomes = list(pool.map(lambda i: psql(f"user{i}", f"bad-{i}", timeout=60), range(300)))
    assert all(o.returncode != 0 for o in outcomes)
    assert platformd.counts()["requests"] <= 100 + 30 + 5
    assert psql("alice", ALICE).returncode == 0


def test_pgbouncer_platform_hangs(host, platformd):
    assert psql("alice", ALICE).returncode == 0
    with subprocess.Popen(["true"]):
        pass
    platformd.all("hang")
    outcome = psql("bob", BOB)
    assert outcome.returncode != 0
    assert psql("alice", ALICE).returncode == 0  # a young verdict


@pytest.mark.parametrize("token", ["x", "x" * 511, "a b", "é", 'q"\\'])
def test_odd_tokens(host, platformd, token):
    platformd.add(token, 1, True, "alice@acme.io")
    assert psql("alice", token).returncode == 0


@pytest.mark.parametrize("token", ["x" * 512, "x" * 1900])
def test_too_long(host, platformd, token):
    platformd.add(token, 1, True, "alice@acme.io")
    assert psql("alice", token).returncode != 0


def test_postgresql_pam(host):
    outcome = psql("alice", ALICE, port=5432, database="postgres", PGSSLMODE="require")
    assert outcome.returncode == 0 and outcome.stdout.strip() == "alice", outcome
    assert psql("alice", BOB, port=5432, database="postgres", PGSSLMODE="require").returncode != 0


def nginx(user, token):
    request = urllib.request.Request("http://127.0.0.1:8080/protected/")
    word = base64.b64encode(f"{user}:{token}".encode()).decode()
    request.add_header("Authorization", f"Basic {word}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_nginx(host):
    assert nginx("alice", ALICE) == 200
    assert nginx("alice", BOB) == 401
    assert nginx("alice", "invented") == 401
