#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make demo: a token logs in by ssh, sudo and psql; then it is revoked.

Everything runs in a private world (its own mounts, processes and network). KEEP=1 leaves it up and
prints how to enter it."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import world  # noqa: E402

if not world.can_enter():
    sys.exit("make demo needs root: sudo make demo")
world.enter()

from world import clients, databases, platform  # noqa: E402
from world.host import Host  # noqa: E402

BOUND = 8.0
START = time.monotonic()
failures = 0


def say(text):
    print(f"{time.monotonic() - START:7.2f}  {text}", flush=True)


def step(what, ok, detail=""):
    global failures
    failures += not ok
    say(f"{'ok  ' if ok else 'FAIL'} {what}{': ' + detail if detail else ''}")


def refused(what, outcome):
    step(f"{what} is refused", not outcome.ok, "" if not outcome.ok else repr(outcome))


def build_world():
    say("a private world: mounts, processes and network of its own")
    host = Host()
    host.install()
    client = platform.start_platform(host)
    say(f"the simulated Platform listens on {platform.URL}")
    host.configure(platform.URL, host.ca, platform.OWN, bound=BOUND)
    host.start_daemon()
    say(f"dblab-authd is ready; the promise is {BOUND:.0f} seconds")
    host.start_sshd()
    databases.start_postgresql(host)
    databases.start_pgbouncer(host)
    say("sshd, PostgreSQL and pgbouncer run")
    return host, client


def log_in():
    for method in ("keyboard-interactive", "password"):
        outcome = clients.ssh("alice", platform.ALICE, method)
        step(f"alice logs in by ssh ({method})", outcome.ok and "alice" in outcome.output,
             f"{outcome.prompts}")
    outcome = clients.as_user("alice", "sudo", ["-k", "id", "-un"], [platform.ALICE])
    step("alice runs sudo", outcome.ok and "root" in outcome.output, f"{outcome.prompts}")
    outcome = databases.psql("alice", platform.ALICE)
    step("alice runs psql through pgbouncer", outcome.returncode == 0,
         f"as {outcome.stdout.strip()}")
    outcome = clients.ssh("carol", "carols-password", "password")
    step("carol, who has no token, logs in by password as before", outcome.ok)


def keep_out():
    refused("bob's token for alice", clients.ssh("alice", platform.BOB))
    refused("an administrative token", clients.ssh("alice", platform.ADMINISTRATIVE))
    refused("another organization's token", clients.ssh("alice", platform.FOREIGN))
    refused("an invented token", clients.ssh("alice", "invented"))


def revoke(client):
    client.revoke(platform.ALICE)
    revoked = time.monotonic()
    say("alice's token is revoked on the Platform")
    pending = {
        "ssh": lambda: clients.ssh("alice", platform.ALICE).ok,
        "sudo": lambda: clients.as_user("alice", "sudo", ["-k", "id"], [platform.ALICE]).ok,
        "psql": lambda: databases.psql("alice", platform.ALICE).returncode == 0,
    }
    while pending and time.monotonic() < revoked + BOUND + 5:
        for name in list(pending):
            began = time.monotonic()
            if not pending[name]():
                seconds = began - revoked
                step(f"the next {name} is refused", seconds <= BOUND,
                     f"tried {seconds:.1f} s after the revocation")
                del pending[name]
        time.sleep(0.2)
    for name in pending:
        step(f"the next {name} is refused", False, "still let in")
    outcome = clients.ssh("bob", platform.BOB)
    step("bob notices nothing", outcome.ok)


def keep_up():
    pid = os.getpid()
    outer = next((line.split()[1] for line in open("/proc/self/status", encoding="ascii")
                  if line.startswith("NSpid")), str(pid))
    print(f"""
It stays up; Ctrl-C ends it. To try by hand, in another terminal as root:

  PID=$(pgrep -f 'demo.py' | tail -n 1)
  nsenter --target $PID --mount --pid --net --ipc --uts
  ssh -p 2222 alice@127.0.0.1                       # token: {platform.ALICE2}
  psql -h 127.0.0.1 -p 6432 -U bob clones           # token: {platform.BOB}
  dblab-auth status
  {world.BUILD}/platformd --ctl /run/world/platform.control revoke {platform.BOB}
""", flush=True)
    del outer
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def main():
    host, client = build_world()
    try:
        log_in()
        keep_out()
        revoke(client)
        say(f"{'everything went as it should' if not failures else f'{failures} steps failed'}")
        if failures or os.environ.get("LOG"):
            print("\nthe log:\n" + host.log.text())
            print(open(host.folder + "/dblab-authd.log", encoding="utf-8").read())
        if os.environ.get("KEEP") == "1":
            keep_up()
    finally:
        host.stop_all()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
