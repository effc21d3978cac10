# SPDX-License-Identifier: Apache-2.0
"""The programs under test, and the simulated Platform, as objects."""

import copy
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import wire

TOP = wire.TOP
sys.path.insert(0, str(TOP / "tests" / "platform"))
from platform_client import PlatformClient  # noqa: E402

BUILD = TOP / os.environ.get("DBA_BUILD", "build")
PATIENCE = 20.0  # seconds after which something that must happen has not


def wait_until(condition, what="a state", seconds=PATIENCE):
    """Waits for a true value and gives it back."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.005)


class Platform:
    """build/platformd, and what its control socket can do."""

    def __init__(self, folder, certificates, *options):
        self.certificates = certificates
        program = next(p for p in (BUILD / "platformd", TOP / "build" / "platformd") if p.exists())
        control = folder / "platform.ctl"
        self.process = subprocess.Popen(
            [program, "--certs", certificates, "--control", control, *options],
            stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline()
        match = re.match(r"ready https=(\d+) trap=(\d+)", ready)
        assert match, f"the simulated Platform does not start: {ready}"
        self.port, self.trap = map(int, match.groups())
        self.client = PlatformClient(control)

    def __getattr__(self, name):
        return getattr(self.client, name)

    def stop(self):
        self.client.close()
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0
        self.process.stdout.close()

    def wait_requests(self, count, token=None):
        """Until so many have come."""
        key = [] if token is None else [token]
        return wait_until(lambda: self.counts(*key)["requests"] >= count, f"{count} requests")

    def bodies(self):
        """The tokens that were asked about, in order."""
        return [json.loads(r["body"])["token"] for r in self.requests() if r["method"] == "POST"]


def text_of(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(text_of(item) for item in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def group_text(group):
    return "{ " + " ".join(f"{key} = {text_of(value)};" for key, value in group.items()) + " }"


class Config:
    """A configuration in dictionaries: config["platform"]["timeout"] = 0.5."""

    def __init__(self, groups):
        self.groups = groups

    def __getitem__(self, name):
        return self.groups[name]

    def copy(self):
        return Config(copy.deepcopy(self.groups))

    def text(self):
        lines = []
        for name, value in self.groups.items():
            if isinstance(value, dict):
                lines.append(f"{name}: {group_text(value)};")
            elif isinstance(value, list):
                lines.append(f"{name}: ( " + ",\n  ".join(map(group_text, value)) + " );")
            else:
                lines.append(f"{name} = {text_of(value)};")
        return "\n".join(lines) + "\n"

    def seconds(self, name):
        """T and A of revocation.md."""
        platform, revocation = self.groups["platform"], self.groups["revocation"]
        t = platform["timeout"]
        if name == "T":
            return t
        ending = revocation.get("notice", 0) + revocation["killWait"] + 1
        return revocation["bound"] - 3 * t - ending


class Syslog:
    """What arrives at /dev/log; read all the time, unless it is to be one that hangs."""

    def __init__(self, path="/dev/log", reads=True):
        Path(path).unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        self.parts = []
        self.thread = threading.Thread(target=self._read)
        if reads:
            self.thread.start()

    def _read(self):
        while True:
            part = self.socket.recv(65536)
            if part == b"end of test":
                return
            self.parts.append(part)

    def text(self):
        """All that came until now; ends the reading."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.connect("/dev/log")
            last.send(b"end of test")
        self.thread.join()
        return b"\n".join(self.parts).decode("utf-8", "replace")

    def close(self):
        if self.thread.is_alive():
            self.text()
        self.socket.close()
        Path("/dev/log").unlink(missing_ok=True)


class Daemon:
    """build/dblab-authd with a configuration of its own."""

    def __init__(self, folder, config, environment=None):
        self.folder = folder
        self.config = config
        self.environment = environment or {}
        self.path = folder / "dblab-auth.conf"
        self.run = Path(config["runDir"])
        self.socket = self.run / "socket"
        self.program = folder / "bin" / "dblab-authd"
        self.checker_program = folder / "bin" / "dblab-authd-checker"
        self.log_path = folder / "log"
        self.process = None
        self.listening = None
        # Where everybody may run it: the source may lie in somebody's private home.
        (folder / "bin").mkdir()
        shutil.copy(BUILD / "dblab-authd", self.program)
        shutil.copy(BUILD / "dblab-authd-checker", self.checker_program)
        self.write()

    def write(self, config=None):
        self.config = config or self.config
        self.path.write_text(self.config.text())
        self.path.chmod(0o600)

    def listen(self):
        """Makes the socket ourselves, as a supervisor does, and hands it over at each start."""
        self.run.mkdir(exist_ok=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.socket.unlink(missing_ok=True)
        self.listening.bind(str(self.socket))
        self.socket.chmod(0o666)
        self.listening.listen(4096)

    def arguments(self, *more):
        return [self.program, "--config", self.path, "--checker", self.checker_program, *more]

    def launch(self, **options):
        """Starts it without waiting; its stderr is appended to the log."""
        environment = {"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": str(self.folder / "notify"),
                       **self.environment}
        before = None
        passed = ()
        if self.listening is not None:
            environment["LISTEN_FDS"] = "1"
            fd = self.listening.fileno()
            passed = (3, fd)

            def before():
                os.dup2(fd, 3)
                os.environ["LISTEN_PID"] = str(os.getpid())
                os.environ.update(environment)
                os.execve(self.program, [str(a) for a in self.arguments()], os.environ)

        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.arguments(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment, preexec_fn=before, pass_fds=passed, **options)

    def start(self, **options):
        """Starts it and waits for READY=1."""
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            notify.settimeout(0.05)
            self.launch(**options)
            end = time.monotonic() + PATIENCE
            said = b""
            while b"READY=1" not in said:
                assert self.process.poll() is None, f"it ended: {self.log()}"
                assert time.monotonic() < end, f"not ready: {self.log()}"
                try:
                    said += notify.recv(4096)
                except socket.timeout:
                    pass
        return self

    def stop(self):
        """Ends it in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(PATIENCE) == 0, self.log()
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def fails_to_start(self):
        """Starts it, expects that it ends by itself, gives what it said."""
        self.launch()
        code = self.process.wait(PATIENCE)
        self.process = None
        assert code == 1, (code, self.log())
        return self.log()

    def command(self, *arguments):
        return subprocess.run(self.arguments(*arguments), capture_output=True, text=True,
                              timeout=PATIENCE)

    # ---- what it says ----

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def lines(self, pattern):
        return [line for line in self.log().splitlines() if re.search(pattern, line)]

    def wait_log(self, pattern, count=1):
        return wait_until(lambda: len(self.lines(pattern)) >= count and self.lines(pattern),
                          f"/{pattern}/ in the log")

    # ---- questions ----

    def ask(self, op, seconds=PATIENCE, again=True, **fields):
        return wire.ask(self.socket, wire.request(op, **fields), seconds, again)

    def auth(self, token, user="alice", service="sshd", uid=2001, **fields):
        return self.ask(wire.AUTH, token=token, user=user, service=service, uid=uid, **fields)

    def account(self, user="alice", service="sshd", uid=2001, **fields):
        return self.ask(wire.ACCOUNT, user=user, service=service, uid=uid, **fields)

    def status(self):
        text = self.ask(wire.STATUS).text
        return dict(line.split("=", 1) for line in text.splitlines())

    def metrics(self):
        text = self.ask(wire.METRICS).text
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))}

    # ---- its processes ----

    def checker_pid(self):
        """The checker's, once it has become it; None between two."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text()
                    name = (entry / "cmdline").read_bytes()
                except (FileNotFoundError, ProcessLookupError):
                    continue
                if (stat.rpartition(")")[2].split()[1] == str(self.process.pid)
                        and name.startswith(b"dblab-authd-checker")):
                    return int(entry.name)
        return None

    def wait_checker(self):
        return wait_until(self.checker_pid, "a checker")


class As:
    """Within it this process is another user, as far as SO_PEERCRED sees."""

    def __init__(self, uid):
        self.uid = uid

    def __enter__(self):
        os.setegid(self.uid)
        os.seteuid(self.uid)

    def __exit__(self, *_):
        os.seteuid(0)
        os.setegid(0)
