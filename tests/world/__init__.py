# SPDX-License-Identifier: Apache-2.0
"""A private world for tests and the demo: its own mounts, processes, network and host name, an
overlay over /etc and /usr, a fresh /run; in it the product as `make install` installs it, a
simulated Platform, and real servers. Nothing of it is left when its first process ends."""
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("DBA_BUILD", "build"))
MARK = "DBLAB_AUTH_PRIVATE_WORLD"


def is_inside():
    return os.environ.get(MARK) == "1"


def can_enter():
    return os.geteuid() == 0


def enter():
    """Starts this program again as the first process of a private world; returns only there."""
    if is_inside():
        return
    os.environ[MARK] = "1"
    # A real session id of ours, so that a Ctrl-C reaches all of it.
    os.execvp("unshare", ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                          "--net", "--ipc", "--uts", "--propagation", "private",
                          sys.executable] + sys.orig_argv[1:])
