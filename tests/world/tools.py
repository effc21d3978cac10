# SPDX-License-Identifier: Apache-2.0
"""Small things: run, write, wait for a state."""
import contextlib
import os
import pwd
import socket
import subprocess
import time

# What the world's programs are started with, whatever this one was.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "TERM": "dumb"}


def run(*command, **kwargs):
    kwargs.setdefault("check", True)
    if "input" not in kwargs:
        kwargs.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, **kwargs)


def succeeds(*command, **kwargs):
    return run(*command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
               **kwargs).returncode == 0


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


def as_account(name):
    """What a child is to do before its exec, to be that account."""
    entry = pwd.getpwnam(name)

    def change():
        os.initgroups(name, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    return change


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, mode)
