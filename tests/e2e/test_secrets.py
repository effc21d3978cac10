# SPDX-License-Identifier: Apache-2.0
"""The tokens that were used are in no log, argument, environment or file, plain or encoded."""
import base64
import glob
import os

import pytest

from world.clients import Shell, ssh, su, sudo
from world.databases import POOLER, SERVER, psql
from world.host import FOLDER
from world.platform import ADMINISTRATIVE, ALICE, BOB, FOREIGN, OWN
from world.servers import Page

SECRET = "Xq7Zp2-secret-token-Kv4Wm8"
INVENTED = "Jh5Rt9-invented-token-Bn3Lc6"
# The organization's own token lies where it is configured, and the Platform has no secrets of ours.
ALLOWED = ("/etc.upper/dblab-auth/access-token",)
READ_MOST = 8 << 20  # of one file


def forms(token):
    """How it could be written down."""
    raw = token.encode()
    yield from (raw, raw[::-1], raw.hex().encode(), raw.hex().upper().encode())
    for before in range(3):  # base64, wherever it begins
        yield base64.b64encode(b"x" * before + raw)[4 if before else 0:-4]


@pytest.fixture
def debugging(engine):
    """Every shipped stack with the module's option debug."""
    kept = {}
    for path in glob.glob("/etc/pam.d/*"):
        with open(path, encoding="utf-8") as stack:
            kept[path] = stack.read()
        with open(path, "w", encoding="utf-8") as out:
            out.write(kept[path].replace("pam_dblab.so\n", "pam_dblab.so debug\n"))
    yield engine
    for path, text in kept.items():
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)


def use_tokens_everywhere(engine):
    engine.platform.add(SECRET, 1, True, "alice@acme.io")
    for method in ("password", "keyboard-interactive"):
        assert ssh("alice", SECRET, method).ok
        assert not ssh("bob", SECRET, method).ok
        assert not ssh("alice", INVENTED, method).ok
    assert sudo("alice", [SECRET], "id").ok and su("bob", "alice", SECRET).ok
    assert psql("alice", SECRET, **POOLER).ok and psql("alice", SECRET, **SERVER).ok
    assert not psql("alice", INVENTED, **POOLER).ok and not psql("alice", INVENTED, **SERVER).ok
    assert Page("alice", SECRET).ok and not Page("alice", INVENTED).ok
    engine.platform.all("500")
    assert not ssh("bob", BOB).ok
    engine.platform.all("normal")
    engine.platform.next("garbage*3")
    ssh("bob", BOB)


def everything_readable():
    ours = str(os.getpid())
    for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
        if path.split("/")[2] != ours:
            yield path
    # All that was written in this world: the layers, /run with the daemon's folder, /dev/shm.
    for top in ("/run", "/dev/shm", "/var/lib/dblab-auth"):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not path.endswith(ALLOWED):
                    yield path


def found_in(path, wanted):
    try:
        with open(path, "rb") as file:
            text = file.read(READ_MOST)
    except OSError:
        return []
    return [token for token, written in wanted if any(form in text for form in written)]


def test_tokens_are_nowhere(debugging):
    use_tokens_everywhere(debugging)
    tokens = (SECRET, INVENTED, ALICE, BOB, ADMINISTRATIVE, FOREIGN, OWN)
    wanted = [(token, list(forms(token))) for token in tokens]
    with Shell("alice", SECRET) as shell:  # also while somebody is logged in
        shell.run("true")
        leaks = {path: found for path in everything_readable() if (found := found_in(path, wanted))}
    assert leaks == {}
    # That the search finds anything: the one place where a token may be.
    assert found_in(f"{FOLDER}/over{ALLOWED[0]}", wanted) == [OWN]
    assert len(debugging.log.lines) > 20
