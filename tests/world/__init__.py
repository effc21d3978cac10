# SPDX-License-Identifier: Apache-2.0
"""A private world for the end-to-end tests and the demo: mounts, processes, network and host name
of its own; in it the product as `make install` puts it, the samples of etc/ as they stand, a
simulated Platform, and real servers. Nothing of it is left when it ends, and nothing outside of
it is changed but the build folder.

    first.py      its first process
    host.py       mounts, accounts, processes, the log
    product.py    what is installed, and its configuration
    platform.py   the simulated Platform and its tokens
    servers.py    sshd, nginx
    databases.py  PostgreSQL, pgbouncer, psql
    postgres.py   hundreds of clients of those at once, and passwords that psql cannot send
    clients.py    people at a terminal: ssh, sudo, su, login
    libpam.py     a PAM application for the stacks whose programs are not here
"""
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("DBA_BUILD", "build"))
OUTER = "DBLAB_AUTH_PRIVATE_WORLD"  # inside: the pid, outside, of the process that holds the world
UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--net",
           "--ipc", "--uts", "--propagation", "private"]


def is_inside():
    return OUTER in os.environ


def obstacle():
    """Why no private world can be entered; None if one can."""
    if os.geteuid() != 0:
        return "needs root, for a private world"
    tried = subprocess.run(UNSHARE + ["true"], stdin=subprocess.DEVNULL, capture_output=True,
                           text=True)
    return None if tried.returncode == 0 else f"no private world here: {tried.stderr.strip()}"


def can_enter():
    return obstacle() is None


def enter():
    """Starts this program again in a private world; returns only there."""
    if is_inside():
        return
    os.environ[OUTER] = str(os.getpid())  # exec keeps the pid
    first = os.path.join(os.path.dirname(os.path.abspath(__file__)), "first.py")
    os.execvp("unshare", UNSHARE + [sys.executable, first, sys.executable] + sys.orig_argv[1:])


def way_in():
    """A command that enters this world from outside."""
    pid = os.environ[OUTER]
    return (f"nsenter --target {pid} --mount --net --ipc --uts "
            f"--pid=/proc/{pid}/ns/pid_for_children")
