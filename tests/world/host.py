# SPDX-License-Identifier: Apache-2.0
"""The host of a private world: mounts, users, the product, its log."""
import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

from . import BUILD, TOP

CONFIG = "/etc/dblab-auth/dblab-auth.conf"


def run(*command, **kwargs):
    kwargs.setdefault("check", True)
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, **kwargs)


def wait_until(what, condition, seconds=10.0):
    """Waits for a state, with a deadline; its last value is returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def can_connect(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(1)
        with contextlib.suppress(OSError):
            s.connect(address)
            return True
    return False


class Log:
    """Everything that programs here write to /dev/log."""

    def __init__(self, path="/dev/log"):
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = os.path.realpath(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.lines.append(self.socket.recv(65536).decode(errors="replace"))

    def text(self):
        return "\n".join(self.lines)


class Host:
    """Mounts and users; made once, as the first thing in a private world."""

    def __init__(self):
        self.processes = []
        self.folder = "/run/world"
        self._mounts()
        self._users()
        self.log = Log()

    def _overlay(self, path, folder):
        upper, work = f"{folder}{path}.upper", f"{folder}{path}.work"
        os.makedirs(upper)
        os.makedirs(work)
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={path},upperdir={upper},workdir={work}", path)

    def _mounts(self):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
        os.makedirs(self.folder)
        for path in ("/etc", "/usr", "/var", "/home"):
            self._overlay(path, self.folder + "/over")
        # /lib may be a link into /usr; where it is not, the module's folder needs its own.
        if not os.path.islink("/lib"):
            self._overlay("/lib", self.folder + "/over")
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp")
        # A /dev of its own for the log, with the host's devices.
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/mnt")
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            open(f"/mnt/{name}", "w").close()
            run("mount", "--bind", f"/dev/{name}", f"/mnt/{name}")
        os.makedirs("/mnt/pts")
        run("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620,gid=5", "devpts",
            "/mnt/pts")
        os.symlink("pts/ptmx", "/mnt/ptmx")
        for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"),
                             ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):
            os.symlink(target, f"/mnt/{name}")
        os.makedirs("/mnt/shm", mode=0o1777)
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/mnt/shm")
        run("mount", "--move", "/mnt", "/dev")
        run("ip", "link", "set", "lo", "up")
        run("hostname", "engine")
        with open("/etc/hosts", "a", encoding="ascii") as out:
            out.write("127.0.0.1 localhost engine\n")
        for name in ("/run/sshd", "/run/lock"):
            os.makedirs(name, exist_ok=True)

    def _users(self):
        """alice and bob are token users, carol has a password, dave administers with sudo."""
        with open("/etc/nsswitch.conf", "w", encoding="ascii") as out:
            out.write("passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
        run("groupadd", "-f", "dblab")
        for name in ("dblab-auth", "pgbouncer"):
            if run("getent", "passwd", name, check=False, stdout=subprocess.DEVNULL).returncode:
                run("useradd", "--system", "--user-group", "--no-create-home", "--shell",
                    "/usr/sbin/nologin", name)
        for name in ("alice", "bob", "carol", "dave"):
            run("useradd", "--create-home", "--shell", "/bin/bash", name)
        for name in ("alice", "bob"):
            run("usermod", "--append", "--groups", "dblab", name)
        run("chpasswd", input=b"carol:carols-password\ndave:daves-password\n", stdin=None)
        with open("/etc/sudoers.d/world", "w", encoding="ascii") as out:
            out.write("alice ALL=(ALL) ALL\nbob ALL=(ALL) ALL\ndave ALL=(ALL) ALL\n"
                      "Defaults env_keep += \"https_proxy SSLKEYLOGFILE SSL_CERT_FILE\"\n")
        os.chmod("/etc/sudoers.d/world", 0o440)

    # ---- processes ----

    def start(self, *command, **kwargs):
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(command, **kwargs)
        self.processes.append(process)
        return process

    def stop(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.processes:
            self.processes.remove(process)

    def stop_all(self):
        for process in reversed(list(self.processes)):
            self.stop(process)

    # ---- the product ----

    def install(self):
        run("make", "-s", "-C", TOP, "install", "PREFIX=/usr",
            f"VARIANT={os.path.relpath(BUILD, TOP + '/build')}" if BUILD != TOP + "/build"
            else "VARIANT=", stdout=subprocess.DEVNULL)
        for name in os.listdir(f"{TOP}/etc/pam.d"):
            shutil.copy(f"{TOP}/etc/pam.d/{name}", f"/etc/pam.d/{name}")
        shutil.copy(f"{TOP}/etc/ssh/sshd_config.d/dblab.conf", "/etc/ssh/sshd_config.d/")

    def configure(self, url, ca_file, own_token, bound=6.0, timeout=0.5, kill_wait=0.5, extra=""):
        os.makedirs("/etc/dblab-auth", exist_ok=True)
        with open("/etc/dblab-auth/access-token", "w", encoding="utf-8") as out:
            out.write(own_token + "\n")
        os.chmod("/etc/dblab-auth/access-token", 0o600)
        shutil.copy(ca_file, "/etc/dblab-auth/ca.pem")
        os.chmod("/etc/dblab-auth/ca.pem", 0o644)
        with open(CONFIG, "w", encoding="utf-8") as out:
            out.write(f"""platform: {{ url = "{url}"; caFile = "/etc/dblab-auth/ca.pem";
  accessTokenFile = "/etc/dblab-auth/access-token"; connectTimeout = {min(timeout, 0.5)};
  timeout = {timeout}; }};
identity: {{ domain = "acme.io"; }};
revocation: {{ bound = {bound:.1f}; killWait = {kill_wait}; }};
services: ( {{ name = "sshd"; }}, {{ name = "sudo"; }}, {{ name = "sudo-i"; }}, {{ name = "su"; }},
  {{ name = "su-l"; }}, {{ name = "login"; }}, {{ name = "cron"; }},
  {{ name = "pgbouncer"; callers = ["pgbouncer"]; unixAccount = false; wait = 1.0; }},
  {{ name = "postgresql"; callers = ["postgres"]; unixAccount = false; }},
  {{ name = "nginx"; callers = ["www-data"]; unixAccount = false; }} );
{extra}
""")
        os.chmod(CONFIG, 0o644)

    def start_daemon(self, environment=None):
        """Starts dblab-authd and waits until it says that it is ready."""
        path = self.folder + "/notify"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            output = open(self.folder + "/dblab-authd.log", "ab")
            self.daemon = self.start("/usr/sbin/dblab-authd", "--config", CONFIG,
                                     env={"NOTIFY_SOCKET": path, **(environment or {})},
                                     stdout=output, stderr=output)
            output.close()
            if not select.select([notify], [], [], 10)[0]:
                raise TimeoutError("dblab-authd is not ready within 10 s")
            assert b"READY=1" in notify.recv(4096)
        return self.daemon

    def start_sshd(self, port=2222):
        run("ssh-keygen", "-A", stdout=subprocess.DEVNULL)
        self.sshd = self.start("/usr/sbin/sshd", "-D", "-p", str(port), "-o",
                               "ListenAddress=127.0.0.1", "-o", "PerSourcePenalties=no"
                               if b"PerSourcePenalties" in open("/usr/sbin/sshd", "rb").read()
                               else "MaxStartups=100:30:200")
        wait_until("sshd", lambda: can_connect(("127.0.0.1", port)))
