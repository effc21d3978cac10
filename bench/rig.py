# SPDX-License-Identifier: Apache-2.0
"""What the rows of the bench stand on: a private world with the simulated Platform, daemons of
several configurations in it, stacks of PAM modules, and bench/login.c to drive them."""
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "tests"))
import world  # noqa: E402
from world import platform  # noqa: E402
from world.host import Host  # noqa: E402
from world.tools import run, wait_until, write  # noqa: E402

PROGRAMS = world.BUILD + "/bench"
TICKS = os.sysconf("SC_CLK_TCK")  # in a second
ACCEPTED, REFUSED, UNAVAILABLE, ANY = "0", "7", "9", "any"
RTT = 50.0  # milliseconds to the Platform, where it is far away
FAR_PORT = 9443
SECOND = 1e9


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def build():
    """All that the rows run, before the world is entered."""
    variant = os.path.relpath(world.BUILD, world.TOP + "/build")
    folder = os.path.relpath(world.BUILD, world.TOP)
    run("make", "-s", "-C", world.TOP, "VARIANT=" + ("" if variant == "." else variant),
        "-f", "Makefile", "-f", "bench/bench.mk", "all", f"{folder}/platformd",
        f"{folder}/simulate", "bench-programs", stdout=subprocess.DEVNULL)


def start_ready(host, *command):
    """A program that prints `ready` when it is."""
    process = host.start(*command, stdout=subprocess.PIPE)
    if process.stdout.readline() != b"ready\n":
        raise RuntimeError(f"{command[0]} does not start")
    return process


class Stack:
    """One way to log in: a folder for pam_start_confdir, the service, and who."""

    def __init__(self, name, service, user, token, lines, expect=ACCEPTED):
        self.name, self.service, self.user = name, service, user
        self.token, self.expect = token, expect
        self.folder = f"/run/world/stacks/{name}"
        write(f"{self.folder}/{service}", lines)
        # libpam looks for it at each start, and complains in the log without it.
        write(f"{self.folder}/other", "auth required pam_deny.so\naccount required pam_deny.so\n")

    def line(self, user=None, token=None, expect=None):
        return " ".join([self.name, self.folder, self.service, user or self.user,
                         token or self.token, expect or self.expect]) + "\n"


class Daemon:
    """One dblab-authd with a folder of its own and the defaults (bound 30 s, so A is 15 s)."""

    def __init__(self, rig, name, url=platform.URL):
        self.rig, self.name, self.folder = rig, name, f"/run/{name}"
        self.config = f"/etc/dblab-auth/{name}.conf"
        self.process = None
        self.seconds_to_ready = None
        write(self.config, f"""runDir = "{self.folder}";
platform: {{ url = "{url}"; caFile = "/etc/dblab-auth/ca.pem";
  accessTokenFile = "/etc/dblab-auth/access-token"; }};
identity: {{ domain = "acme.io"; }};
services: ( {{ name = "sshd"; }}, {{ name = "plain"; unixAccount = false; }},
  {{ name = "pgbouncer"; callers = ["pgbouncer"]; unixAccount = false; wait = 1.0; }} );
""")

    def start(self):
        begin = time.monotonic()
        self.process = self.rig.host.start_notifying(
            "/usr/sbin/dblab-authd", "--config", self.config, output=self.name + ".log")
        self.seconds_to_ready = time.monotonic() - begin
        return self

    def stop(self):
        self.rig.host.stop(self.process)

    def status(self):
        out = run("dblab-auth", "status", "--json", "--socket", self.folder + "/socket",
                  stdout=subprocess.PIPE).stdout
        return json.loads(out)

    def wait_organization(self):
        wait_until("the organization", lambda: self.status()["platform"]["orgId"] == 1)
        return self

    def pids(self):
        """Keeper and checker."""
        parent = self.process.pid
        with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as children:
            return [parent] + [int(pid) for pid in children.read().split()]

    def cpu_seconds(self):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory_kib(self):
        """The proportional set size of both."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as smaps:
                total += next(int(line.split()[1]) for line in smaps if line.startswith("Pss:"))
        return total

    def stack(self, name, service="sshd", user="alice", token=platform.ALICE, expect=ACCEPTED,
              timeout=6.0):
        line = f"pam_dblab.so socket={self.folder}/socket timeout={timeout}"
        return Stack(name, service, user, token,
                     f"auth required {line}\naccount required {line}\n", expect)


class Rig:
    def __init__(self, seconds):
        self.scale = min(1.0, seconds / 300)
        self.host = Host()
        self.host.install()
        start_ready(self.host, PROGRAMS + "/sink", self.host.log.path)  # takes its place
        self.platform = platform.start_platform(self.host)
        self.host.configure(platform.URL, self.host.ca, platform.OWN)  # the token's and CA's files
        start_ready(self.host, PROGRAMS + "/distance", str(FAR_PORT), str(platform.PORT), str(RTT))
        self._baselines()
        self.main = Daemon(self, "dblab-auth").start().wait_organization()
        self.dblab = self.main.stack("dblab")

    def count(self, full, least=1):
        return max(least, int(full * self.scale))

    def _baselines(self):
        folder = self.host.folder
        start_ready(self.host, PROGRAMS + "/thin_daemon", folder + "/thin")
        script = folder + "/check-token"
        write(script, f"""#!/bin/sh
read -r token
curl -sf --cacert {self.host.ca} -H "Access-Token: {platform.OWN}" \\
  -H 'Content-Type: application/json' -d "{{\\"token\\":\\"$token\\"}}" \\
  {platform.URL}/rpc/dblab_token_check | grep -q "\\"$PAM_USER@acme.io\\""
""")
        os.chmod(script, 0o755)
        permit = "account required pam_permit.so\n"
        curl = (f"{PROGRAMS}/pam_curl.so {{url}} {self.host.ca} /etc/dblab-auth/access-token "
                "acme.io")
        far = platform.URL.replace(str(platform.PORT), str(FAR_PORT))

        def stack(name, auth, account=permit):
            return Stack(name, "sshd", "alice", platform.ALICE,
                         f"auth required {auth}\n{account}")
        self.permit = stack("permit", "pam_permit.so")
        thin = f"{PROGRAMS}/pam_thin.so {folder}/thin"
        self.thin = stack("thin", thin, f"account required {thin}\n")
        self.curl = stack("curl", curl.format(url=platform.URL))
        self.far_curl = stack("far-curl", curl.format(url=far))
        self.exec = stack("exec", f"pam_exec.so expose_authtok quiet {script}")
        self.far_url = far

    # ---- bench/login.c ----

    def start_login(self, *arguments):
        return self.host.start(PROGRAMS + "/login", *map(str, arguments), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def login(self, *arguments, lines, patience=300):
        """{name: [nanoseconds]}"""
        process = self.start_login(*arguments)
        out, _ = process.communicate("".join(lines), timeout=patience)
        self.host.processes.remove(process)
        if process.returncode != 0:
            raise RuntimeError("bench/login.c: a login did not end as it should")
        return {words[0]: [int(word) for word in words[1:]]
                for words in map(str.split, out.splitlines())}

    def in_turn(self, mode, count, *stacks):
        """The median nanoseconds of each stack, one of each in turn."""
        times = self.login(mode, count, lines=[s.line() for s in stacks])
        return [median(times[s.name]) for s in stacks]

    def crowd(self, at_once, lines):
        """All lines, so many at once: seconds of all, codes of those that failed, each."""
        out = self.login("crowd", at_once, lines=lines)
        return out["wall"][0] / SECOND, out["failed"], [n / SECOND for n in out["each"]]

    def people(self, prefix, count):
        """So many tokens on the Platform, of user0@acme.io and so on; their names and tokens."""
        self.platform.add_many(prefix, count, 1, "acme.io")
        return [(f"user{i}", f"{prefix}{i}") for i in range(count)]


def use_stack(name):
    """Lets pgbouncer go by a module of libpam's, or by the sample of etc/."""
    path = "/etc/pam.d/pgbouncer"
    if name.startswith("pam_"):
        write(path, f"auth required {name}\naccount required pam_permit.so\n")
    else:
        shutil.copy(f"{world.TOP}/etc/pam.d/{name}", path)
