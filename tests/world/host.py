# SPDX-License-Identifier: Apache-2.0
"""The host of a private world: mounts, accounts, processes, its log."""
import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import threading

from . import TOP, product
from .tools import ENVIRONMENT, run, succeeds, wait_until, write

FOLDER = "/run/world"  # of the world's own: overlays, sockets, what its servers print
# What is written in these stays in FOLDER/over.
LAYERS = ("/etc", "/usr", "/var", "/home", "/root", "/tmp")
TOKEN_USERS = ("alice", "bob")
PASSWORDS = {"carol": "carols-password", "dave": "daves-password", "alice": "alices-password"}


class Log:
    """Everything that programs here write to /dev/log; a copy is in FOLDER/syslog."""

    MARK = "mark of the reader's own "

    def __init__(self, path="/dev/log"):
        self.lines = []
        self.marks = set()
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        self.file = open(FOLDER + "/syslog", "w", encoding="utf-8", buffering=1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            line = self.socket.recv(65536).decode(errors="replace").rstrip("\0\n")
            if line.startswith(self.MARK):
                self.marks.add(line)
                continue
            self.lines.append(line)
            self.file.write(line + "\n")

    def mark(self):
        """Waits until all that was logged before is read; the number of the next line."""
        mark = f"{self.MARK}{len(self.marks)}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(self.path)
            sender.send(mark.encode())
        wait_until("the log", lambda: mark in self.marks)
        return len(self.lines)

    def text(self, since=0):
        """The lines from number `since` on."""
        return "\n".join(self.lines[since:self.mark()])


class Host:
    """Made once, as the first thing in a private world."""

    def __init__(self):
        self.processes = []
        self.folder = FOLDER
        self.daemon = None
        mount_all()
        make_accounts()
        self.log = Log()

    # ---- the product ----

    def install(self):
        product.install()

    def configure(self, url, ca_file, own_token, **changes):
        product.configure(url, ca_file, own_token, **changes)

    def start_daemon(self):
        """Starts dblab-authd and waits until it says that it is ready."""
        self.daemon = self.start_notifying("/usr/sbin/dblab-authd", output="dblab-authd.log")

    # ---- processes ----

    def start(self, *command, output=None, **kwargs):
        """Starts a program in the background; what it prints goes to a file `output` in FOLDER."""
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        kwargs.setdefault("cwd", "/")
        kwargs["env"] = {**ENVIRONMENT, **kwargs.get("env", {})}
        with contextlib.ExitStack() as stack:
            if output:
                out = stack.enter_context(open(f"{FOLDER}/{output}", "ab"))
                kwargs.update(stdout=out, stderr=out)
            process = subprocess.Popen(command, **kwargs)
        self.processes.append(process)
        return process

    def start_notifying(self, *command, output=None):
        """The same for a program that says READY=1 to its supervisor; waits for that."""
        path = FOLDER + "/notify"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            process = self.start(*command, output=output, env={"NOTIFY_SOCKET": path})

            def ready():
                if process.poll() is not None:
                    raise RuntimeError(f"{command[0]} ended with {process.returncode}: {output}")
                return select.select([notify], [], [], 0)[0]

            wait_until(command[0], ready)
            assert b"READY=1" in notify.recv(4096)
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


# ---- mounts ----

def _overlay(path):
    upper, work = f"{FOLDER}/over{path}.upper", f"{FOLDER}/over{path}.work"
    os.makedirs(upper)
    os.makedirs(work)
    # The folder's own mode is the upper's: /tmp must stay open to all.
    os.chmod(upper, os.stat(path).st_mode & 0o7777)
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir={path},upperdir={upper},workdir={work}", path)


def _devices():
    """A /dev of its own for the log, with the host's devices; terminals are new."""
    new = FOLDER + "/dev"
    os.makedirs(new)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", new)
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        write(f"{new}/{name}", "")
        run("mount", "--bind", f"/dev/{name}", f"{new}/{name}")
    for name, kind, options in (("pts", "devpts", "newinstance,ptmxmode=0666,mode=620,gid=5"),
                                ("shm", "tmpfs", "mode=1777")):
        os.makedirs(f"{new}/{name}")
        run("mount", "-t", kind, "-o", options, kind, f"{new}/{name}")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"),
                         ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
                         ("stderr", "/proc/self/fd/2")):
        os.symlink(target, f"{new}/{name}")
    run("mount", "--move", new, "/dev")


def mount_all():
    top = os.open(TOP, os.O_PATH | os.O_DIRECTORY)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    os.makedirs(FOLDER)
    for path in LAYERS:
        _overlay(path)
    # Where /lib is no link into /usr, the modules' folder needs a layer of its own.
    if not os.path.islink("/lib"):
        _overlay("/lib")
    # A checkout that is a mount of its own, or lies in one of these folders, stays what it is.
    os.makedirs(TOP, exist_ok=True)
    run("mount", "--bind", f"/proc/{os.getpid()}/fd/{top}", TOP)
    os.close(top)
    _devices()
    run("ip", "link", "set", "lo", "up")
    run("hostname", "engine")
    write("/etc/hosts", "127.0.0.1 localhost engine\n")
    # Many logins at once write to one log.
    with open("/proc/sys/net/unix/max_dgram_qlen", "w", encoding="ascii") as out:
        out.write("512")
    for name in ("/run/sshd", "/run/lock"):
        os.makedirs(name)


# ---- accounts ----

def make_accounts():
    """alice and bob are token users, carol is not, dave neither and administers with sudo."""
    write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
    run("groupadd", "-f", "dblab")
    for name in ("dblab-auth", "pgbouncer"):
        if not succeeds("getent", "passwd", name):
            run("useradd", "--system", "--user-group", "--no-create-home", "--shell",
                "/usr/sbin/nologin", name)
    for name in ("alice", "bob", "carol", "dave"):
        succeeds("userdel", name)
        shutil.rmtree(f"/home/{name}", ignore_errors=True)
        run("useradd", "--create-home", "--user-group", "--shell", "/bin/bash", name)
    for name in TOKEN_USERS:
        run("usermod", "--append", "--groups", "dblab", name)
    run("chpasswd", input="".join(f"{n}:{p}\n" for n, p in PASSWORDS.items()), text=True)
    write("/etc/sudoers", "Defaults env_reset\n"
          "Defaults env_keep += \"https_proxy SSLKEYLOGFILE SSL_CERT_FILE\"\n"
          "root ALL=(ALL:ALL) ALL\nalice ALL=(ALL) ALL\ndave ALL=(ALL) ALL\n"
          "@includedir /etc/sudoers.d\n", 0o440)
