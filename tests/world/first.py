# SPDX-License-Identifier: Apache-2.0
"""The first process of a private world: runs a command, takes in orphans, ends as the command does;
the kernel then ends whatever is left. The command is no pid 1, which dblab-authd does not serve."""
import os
import signal
import sys


def main():
    command = os.fork()
    if command == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # of the terminal: the command's to decide
    signal.signal(signal.SIGTERM, lambda number, frame: os.kill(command, number))
    while True:
        pid, status = os.wait()
        if pid == command:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


sys.exit(main())
