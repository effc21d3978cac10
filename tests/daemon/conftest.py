# SPDX-License-Identifier: Apache-2.0
"""Tests of the real dblab-authd and its checker, over the real socket and real TLS, against the
simulated Platform, in a private host (host.py). Needs root; else every test is skipped.

    DBA_BUILD=build python3 -m pytest tests/daemon
"""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import host  # noqa: E402
from daemon import TOP, Config, Daemon, Platform, Syslog  # noqa: E402

OWN = "own-token-of-the-organization"
numbers = itertools.count()


def pytest_configure(config):
    if os.geteuid() != 0:
        return
    if host.INSIDE not in os.environ:
        # What was captured so far is nothing; the next pytest needs the real descriptors.
        config.pluginmanager.getplugin("capturemanager").stop_global_capturing()
        host.enter()
    host.prepare()


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root, for a private host"))


def new_folder():
    folder = Path(f"/run/test{next(numbers)}")
    folder.mkdir(mode=0o755)
    return folder


@pytest.fixture(scope="session")
def certificates():
    folder = Path("/run/certificates")
    subprocess.run([TOP / "tests" / "platform" / "make-ca.sh", folder], check=True)
    return folder


def new_config(folder, platform):
    token = folder / "access-token"
    token.write_text(OWN + "\n")
    token.chmod(0o600)
    return Config({
        "runDir": str(folder / "run"),
        "platform": {
            "url": f"https://localhost:{platform.port}/api/general",
            "accessTokenFile": str(token),
            "caFile": str(platform.certificates / "ca.crt"),
            "connectTimeout": 1.0,
            "timeout": 1.0,
        },
        "identity": {"domain": "acme.io"},
        # A = 6 - 3 - 0.05 - 1 = 1.95 s, so re-checks come every 0.5 to 0.95 s
        "revocation": {"bound": 6.0, "killWait": 0.05},
        "limits": {"failuresPerMinute": 100000},
        "services": [
            {"name": "sshd"}, {"name": "sudo"},
            {"name": "pgbouncer", "callers": ["postgres"], "unixAccount": False,
             "session": "none", "wait": 10.0},
            {"name": "web", "callers": ["www-data"], "unixAccount": False, "username": "email"},
        ],
    })


class World:
    """A Platform with the organization's own token and alice's and bob's, and a daemon."""

    def __init__(self, certificates, *options):
        self.folder = new_folder()
        self.platform = Platform(self.folder, certificates, *options)
        self.platform.add(OWN, 1, False, None)
        self.platform.add("token-of-alice", 1, True, "alice@acme.io")
        self.platform.add("token-of-bob", 1, True, "bob@acme.io")
        self.config = new_config(self.folder, self.platform)
        self.daemon = None
        self.daemons = []

    def start(self, **environment):
        self.make(**environment).start()
        return self.daemon

    def make(self, **environment):
        folder = self.folder if not self.daemons else new_folder()
        self.daemon = Daemon(folder, self.config, environment)
        self.daemons.append(self.daemon)
        return self.daemon

    def settle(self):
        """Until the daemon knows its organization: then the counts of requests begin."""
        self.daemon.wait_log("organization org=")
        self.platform.reset()

    def close(self):
        for daemon in self.daemons:
            print(daemon.log())  # pytest shows it where a test failed
            if daemon.process is not None:
                daemon.stop()
        self.platform.stop()


@pytest.fixture
def world(certificates):
    """Platform and configuration; the test changes them, then starts the daemon."""
    made = World(certificates)
    yield made
    made.close()


@pytest.fixture
def running(world):
    """The same with a daemon that is ready and knows its organization."""
    world.start()
    world.settle()
    return world


@pytest.fixture
def syslog():
    made = Syslog()
    yield made
    made.close()


@pytest.fixture(scope="module", params=["h2", "http/1.1"])
def shared(request, certificates):
    """One daemon for a whole table of cases, over each of the two protocols."""
    made = World(certificates, *(["--http1"] if request.param != "h2" else []))
    made.protocol = request.param
    # Many of its cases end by it.
    made.config["platform"].update(timeout=0.5, connectTimeout=0.5)
    made.start()
    made.settle()
    yield made
    made.close()


@pytest.fixture(scope="module")
def served(certificates):
    """One daemon for cases to which the Platform does not matter."""
    made = World(certificates)
    made.start()
    made.settle()
    yield made
    made.close()
