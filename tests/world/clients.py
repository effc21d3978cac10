# SPDX-License-Identifier: Apache-2.0
"""People at a terminal: ssh, sudo and su, answered as a person would (pexpect)."""
import os

import pexpect

SSH = ["-p", "2222", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
       "-o", "NumberOfPasswordPrompts=1"]
QUIET = ["-o", "LogLevel=ERROR"]  # ssh takes the first value that it is given
PROMPT = "(?i)(token: |password: |password for [^:]*: )"


class Outcome:
    """What became of a try: was it let in, what was asked, what was shown."""

    def __init__(self, status, prompts, output):
        self.status, self.prompts, self.output = status, prompts, output
        self.ok = status == 0

    def __repr__(self):
        return f"<{self.status} asked={self.prompts} {self.output!r}>"


def drive(command, args, answers, timeout=30, env=None, cwd="/"):
    """Runs a program in a terminal of its own and answers its prompts in order."""
    child = pexpect.spawn(command, args, timeout=timeout, encoding="utf-8", echo=False, cwd=cwd,
                          env=env or {"PATH": os.environ["PATH"], "TERM": "dumb"})
    # Programs set the terminal up before they read; pexpect would wait 50 ms for them.
    prompts, output, answers = [], "", list(answers)
    while True:
        if child.expect([PROMPT, pexpect.EOF]) == 1:
            output += child.before
            break
        output += child.before
        prompts.append(child.match.group(0).strip())
        if not answers:
            child.close(force=True)
            return Outcome(-1, prompts, output)
        child.sendline(answers.pop(0))
    child.close()
    status = child.exitstatus if child.exitstatus is not None else 128 + child.signalstatus
    return Outcome(status, prompts, output)


def ssh(user, answers, method="keyboard-interactive", command="id -un", options=()):
    if isinstance(answers, str):
        answers = [answers]
    return drive("ssh", SSH + ["-o", f"PreferredAuthentications={method}", *options,
                               *QUIET, f"{user}@127.0.0.1", command], answers)


def ssh_key(user, key, command="id -un", options=()):
    return drive("ssh", SSH + ["-o", "PreferredAuthentications=publickey", "-i", key, *options,
                               *QUIET, f"{user}@127.0.0.1", command], [])


def as_user(user, command, args, answers, env=None):
    """A program that `user` starts at a terminal: runuser has no stack of ours."""
    return drive("runuser", ["-u", user, "--", command, *args], answers, env=env)
