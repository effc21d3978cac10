# SPDX-License-Identifier: Apache-2.0
"""End to end: real sshd, sudo, su, login, PostgreSQL, pgbouncer and nginx in one private world
(tests/world). Needs root; else every test is skipped.

    DBA_BUILD=build python3 -m pytest tests/e2e
"""
import os
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import world  # noqa: E402
from world import databases, platform, product, servers  # noqa: E402
from world.host import Host  # noqa: E402
from world.tools import wait_until  # noqa: E402

OBSTACLE = None if world.is_inside() else world.obstacle()


def pytest_configure(config):
    if OBSTACLE is None and not world.is_inside() and not config.option.collectonly:
        # The capture of this pytest would keep what the inner one prints.
        config.pluginmanager.getplugin("capturemanager").stop_global_capturing()
        world.enter()


def pytest_collection_modifyitems(items):
    if OBSTACLE is not None:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=OBSTACLE))


class Everything:
    """The host, the control client of the Platform, and what tests do to them."""

    def __init__(self):
        self.host = Host()
        self.log = self.host.log
        self.host.install()
        self.platform = platform.start_platform(self.host)
        self.configure()
        self.host.start_daemon()
        servers.start_sshd(self.host)
        servers.make_key(self.host)
        databases.start_postgresql(self.host)
        databases.start_pgbouncer(self.host)
        servers.start_nginx(self.host)
        self.key = self.host.key

    def configure(self, **changes):
        self.host.configure(platform.URL, self.host.ca, platform.OWN, **changes)

    def restart_daemon(self, **changes):
        """A daemon that remembers nothing and limits nobody, and knows its organization."""
        self.stop_daemon()
        self.configure(**changes)
        mark = self.log.mark()
        self.host.start_daemon()
        wait_until("the organization", lambda: "organization org=" in self.log.text(mark))

    def stop_daemon(self):
        self.host.stop(self.host.daemon)

    def requests(self, token=None):
        """How often the Platform was asked, in all or about one token."""
        return self.platform.counts(token)["requests"]


@pytest.fixture(scope="session")
def everything():
    made = Everything()
    yield made
    made.host.stop_all()


@pytest.fixture
def engine(everything):
    """The engine's host; each test starts with a fresh daemon and a Platform that works."""
    platform.reset_platform(everything.platform)
    everything.restart_daemon()
    everything.platform.reset()
    return everything


@pytest.fixture
def short_bound(engine):
    """For tests that revoke: a daemon that promises eight seconds instead of sixty."""
    engine.restart_daemon(**product.SHORT)
    engine.platform.reset()


def refused_within_the_bound(attempt):
    """What is tried later than the bound after this call must be refused, and what was refused
    once stays so. For tests with short_bound."""
    end = time.monotonic() + product.SHORT["bound"]
    while attempt().ok and time.monotonic() < end:
        pass
    again = attempt()
    assert not again.ok, again
    return again
