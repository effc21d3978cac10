# SPDX-License-Identifier: Apache-2.0
"""A private host for the daemon's tests: own mounts, processes, network; own /run, /dev, user
database and name resolution. Nothing of it is left when the tests end."""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

INSIDE = "DBA_TEST_HOST"
BLACK_HOLE = "2001:db8::1"

ACCOUNTS = {  # name: uid; each with a group of its own
    "dblab-auth": 990,
    "postgres": 991,
    "pgbouncer": 992,
    "www-data": 993,
    "alice": 2001,
    "bob": 2002,
}


def enter():
    """Runs this very command again inside; does not return."""
    os.environ[INSIDE] = "1"
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--net",
               "--ipc", "--uts", "--propagation", "private"]
    os.execvp("unshare", [*command, sys.executable, __file__, *sys.argv[1:]])


def first_process(arguments):
    """The host's pid 1, which the daemon believes as little as any init: runs pytest and reaps
    what is orphaned."""
    tests = os.fork()
    if tests == 0:
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])
    while True:
        pid, status = os.wait()
        if pid == tests:
            return os.waitstatus_to_exitcode(status)


def _run(*command):
    subprocess.run(command, check=True)


def _cover(path, text, scratch):
    """Another content for a file, for everybody here."""
    own = scratch / Path(path).name
    own.write_text(text)
    own.chmod(0o644)
    _run("mount", "--bind", own, os.path.realpath(path))


def _database(path, lines):
    """A user database in which our accounts have our numbers."""
    own = {line.split(":")[0] for line in lines}
    kept = [line for line in Path(path).read_text().splitlines() if line.split(":")[0] not in own]
    return "\n".join(kept + lines) + "\n"


def _devices():
    """A /dev of our own: its log socket is ours to listen on."""
    folder = Path("/run/dev")
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "none", folder)
    for name, major, minor in (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8),
                               ("urandom", 1, 9), ("tty", 5, 0)):
        os.mknod(folder / name, 0o666 | 0o020000, os.makedev(major, minor))
        (folder / name).chmod(0o666)
    (folder / "shm").mkdir(mode=0o1777)
    (folder / "fd").symlink_to("/proc/self/fd")
    _run("mount", "--move", folder, "/dev")


def _loopback():
    """Up, and with an address that nobody answers at (netdevice(7), ipv6(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS
    address = socket.inet_pton(socket.AF_INET6, BLACK_HOLE)
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            index = socket.if_nametoindex("lo")
            fcntl.ioctl(sock, 0x8916, struct.pack("16sIi", address, 128, index))  # SIOCSIFADDR
    except OSError:
        pass  # no IPv6: its tests skip themselves


def prepare():
    """Called once, inside."""
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "none", "/run")
    _devices()
    scratch = Path("/run/etc")
    scratch.mkdir()
    _cover("/etc/passwd", _database("/etc/passwd", [
        f"{name}:x:{uid}:{uid}::/nonexistent:/bin/sh" for name, uid in ACCOUNTS.items()]), scratch)
    _cover("/etc/group", _database("/etc/group", [
        f"{name}:x:{uid}:" for name, uid in ACCOUNTS.items()]
        + ["dblab:x:2000:alice,bob"]), scratch)
    _cover("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n", scratch)
    _cover("/etc/hosts", "127.0.0.1 localhost platform.test\n"
           "::1 localhost platform.test\n"
           f"{BLACK_HOLE} blackhole.test\n127.0.0.1 blackhole.test\n", scratch)
    _loopback()


if __name__ == "__main__":
    sys.exit(first_process(sys.argv[1:]))
