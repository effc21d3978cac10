#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make demo: a token logs in by ssh, sudo and psql; what is not hers is refused; it is revoked, and
is refused within the bound.

Everything runs in a private world (tests/world). KEEP=1 leaves it up and prints how to enter it;
LOG=1 prints the log at the end, as a failed step does."""
import contextlib
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import world  # noqa: E402

if not world.is_inside():
    if world.obstacle():
        sys.exit(f"make demo: {world.obstacle()}")
    world.enter()

from world import databases, platform, servers  # noqa: E402
from world.clients import ssh, ssh_key, sudo  # noqa: E402
from world.databases import POOLER, psql  # noqa: E402
from world.host import FOLDER, PASSWORDS, Host  # noqa: E402

BOUND = 8.0  # seconds; the product's default is 30
START = time.monotonic()


def say(text):
    print(f"{time.monotonic() - START:7.2f} s  {text}", flush=True)


class Steps:
    """What was shown, and whether all of it went as it should."""

    def __init__(self):
        self.failed = 0

    def show(self, what, as_it_should, detail=""):
        self.failed += not as_it_should
        say(f"{'ok  ' if as_it_should else 'FAIL'}  {what}{f'  ({detail})' if detail else ''}")

    def works(self, what, outcome, output):
        """It is let in, and this is what it prints last."""
        fine = outcome.ok and outcome.output.split()[-1:] == [output]
        self.show(what, fine, f"it is {output}" if fine else repr(outcome))

    def refused(self, what, outcome):
        self.show(f"refused: {what}", not outcome.ok, repr(outcome) if outcome.ok else "")


def build():
    say("a private world: mounts, processes, network and accounts of its own")
    host = Host()
    host.install()
    client = platform.start_platform(host)
    say(f"a simulated Platform: {platform.URL}")
    host.configure(platform.URL, host.ca, platform.OWN, bound=BOUND, timeout=1.0)
    host.start_daemon()
    say(f"dblab-authd: what is revoked is refused within {BOUND:.0f} seconds")
    servers.start_sshd(host)
    servers.make_key(host)
    databases.start_postgresql(host)
    databases.start_pgbouncer(host)
    say("sshd, PostgreSQL and pgbouncer")
    return host, client


def log_in(steps, host):
    steps.refused("alice's ssh key, while she has presented no token", ssh_key("alice", host.key))
    steps.works("alice by ssh, keyboard-interactive", ssh("alice", platform.ALICE), "alice")
    steps.works("alice by ssh, password", ssh("alice", platform.ALICE, "password"), "alice")
    steps.works("alice by ssh key, now that a token is behind it", ssh_key("alice", host.key),
                "alice")
    steps.works("alice runs sudo", sudo("alice", [platform.ALICE], "id", "-un"), "root")
    steps.works("alice runs psql through pgbouncer", psql("alice", platform.ALICE, **POOLER),
                "dblab_pool")
    steps.works("carol, a local user, by her password as ever",
                ssh("carol", PASSWORDS["carol"], "password"), "carol")


def keep_out(steps):
    for what, token in (("bob's token for alice", platform.BOB),
                        ("an administrative token", platform.ADMINISTRATIVE),
                        ("another organization's token", platform.FOREIGN),
                        ("an invented token", "invented")):
        steps.refused(what + ", by ssh", ssh("alice", token))
    steps.refused("bob's token for alice, by psql", psql("alice", platform.BOB, **POOLER))
    steps.refused("bob's token for alice, by sudo", sudo("alice", [platform.BOB] * 3, "id"))


def revoke(steps, host, client):
    """Each way in is tried again and again. What is tried after the bound must be refused."""
    client.revoke(platform.ALICE)
    revoked = time.monotonic()
    say("the Platform: alice's token is revoked")
    ways = {"ssh": lambda: ssh("alice", platform.ALICE),
            "ssh key": lambda: ssh_key("alice", host.key),
            "sudo": lambda: sudo("alice", [platform.ALICE] * 3, "id"),
            "psql": lambda: psql("alice", platform.ALICE, **POOLER)}
    while ways:
        for name, way in list(ways.items()):
            tried = time.monotonic() - revoked
            outcome = way()
            if not outcome.ok or tried > BOUND:
                steps.show(f"refused: alice's next {name}", not outcome.ok,
                           f"tried {tried:.1f} s after the revocation")
                del ways[name]
    steps.works("alice by ssh with her other token", ssh("alice", platform.ALICE2), "alice")
    steps.works("bob by ssh, who noticed nothing", ssh("bob", platform.BOB), "bob")


def print_log(host):
    for name in ("syslog", "dblab-authd.log"):
        print(f"\n---- {name}")
        with open(f"{host.folder}/{name}", encoding="utf-8", errors="replace") as file:
            print(file.read())


def keep_up():
    print(f"""
It stays up; Ctrl-C ends it. Enter it from another terminal, as root:

  {world.way_in()} bash

and there

  ssh alice@127.0.0.1                        # her second token: {platform.ALICE2}
  ssh bob@127.0.0.1                          # {platform.BOB}
  ssh carol@127.0.0.1                        # no token user; password: {PASSWORDS['carol']}
  psql -h 127.0.0.1 -p 6432 -U bob clones    # {platform.BOB}
  dblab-auth status
  dblab-auth check --user bob
  {world.BUILD}/platformd --ctl {FOLDER}/platform.control revoke {platform.BOB}
  tail -f {FOLDER}/syslog
""", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def main():
    steps = Steps()
    host, client = build()
    try:
        log_in(steps, host)
        keep_out(steps)
        revoke(steps, host, client)
        say("everything went as it should" if not steps.failed else
            f"FAILED: {steps.failed} steps")
        if steps.failed or os.environ.get("LOG") == "1":
            print_log(host)
        if os.environ.get("KEEP") == "1":
            keep_up()
    finally:
        host.stop_all()
    return 1 if steps.failed else 0


if __name__ == "__main__":
    sys.exit(main())
