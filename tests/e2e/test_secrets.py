# SPDX-License-Identifier: Apache-2.0
"""The tokens that were used are in no log, no argument, no environment and no file of ours."""
import glob
import os

from world.clients import as_user, ssh
from world.databases import psql
from world.platform import ALICE, BOB, OWN

MARK = "secret-token-Xq7Zp2"


def test_tokens_are_nowhere(host, platformd):
    platformd.add(MARK, 1, True, "alice@acme.io")
    for method in ("password", "keyboard-interactive"):
        assert ssh("alice", MARK, method).ok
    assert as_user("alice", "sudo", ["-k", "id"], [MARK]).ok
    assert psql("alice", MARK).returncode == 0
    assert not ssh("bob", MARK).ok
    tokens = [t.encode() for t in (MARK, ALICE, BOB, OWN)]
    log = host.log.text().encode()
    assert [t for t in tokens if t in log] == []
    places = [p for p in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ")
              if int(p.split("/")[2]) != os.getpid()]
    for folder in ("/run/dblab-auth", "/var/lib/dblab-auth", "/var/log", "/tmp", "/home"):
        for base, _, names in os.walk(folder):
            places += [os.path.join(base, name) for name in names]
    places += ["/run/world/dblab-authd.log"]
    for path in places:
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            continue
        assert [t for t in tokens if t in text] == [], path
