# SPDX-License-Identifier: Apache-2.0
"""People at a terminal: ssh, sudo, su and login, answered as a person would (pexpect)."""
import pexpect

from .tools import ENVIRONMENT, as_account

# Nothing of root's own ssh configuration, keys or agent.
SSH = ["-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
       "-o", "IdentitiesOnly=yes", "-o", "NumberOfPasswordPrompts=1"]
PROMPT = r"(?i)[^\r\n]*(?:token: |password: |password for [^:]*: )"


class Outcome:
    """What became of a try: was it let in, what was asked, what was shown."""

    def __init__(self, status, prompts, output):
        self.status, self.prompts, self.output = status, prompts, output
        self.ok = status == 0

    def __repr__(self):
        return f"<exit {self.status}, asked {self.prompts}, said {self.output.strip()!r}>"


def spawn(command, user=None, env=None):
    """A program in a terminal of its own, run by `user`."""
    return pexpect.spawn(command[0], list(command[1:]), timeout=30, encoding="utf-8", echo=False,
                         cwd="/", env=env or ENVIRONMENT,
                         preexec_fn=as_account(user) if user else None)


def drive(command, answers, user=None, env=None):
    """Answers its prompts in order until it ends; ends it at a prompt that no answer is for."""
    child = spawn(command, user, env)
    prompts, output, answers = [], "", list(answers)
    while child.expect([PROMPT, pexpect.EOF]) == 0:
        output += child.before
        prompts.append(child.match.group(0).strip())
        if not answers:
            child.close(force=True)
            return Outcome(-1, prompts, output)
        child.sendline(answers.pop(0))
    output += child.before
    child.close()
    status = child.exitstatus if child.exitstatus is not None else 128 + child.signalstatus
    return Outcome(status, prompts, output)


def ssh(user, token, method="keyboard-interactive", command="id -un", options=()):
    return drive(["ssh", *SSH, "-o", f"PreferredAuthentications={method}", *options,
                  f"{user}@127.0.0.1", command], [token])


def ssh_key(user, key, command="id -un", options=()):
    return drive(["ssh", *SSH, "-o", "PreferredAuthentications=publickey", "-i", key, *options,
                  f"{user}@127.0.0.1", command], [])


def sudo(user, answers, *args, env=None):
    """`sudo -k`: a cached timestamp neither helps nor stays."""
    return drive(["sudo", "-k", *args], answers, user, env)


def su(user, target, secret, *options, env=None):
    return drive(["su", *options, target, "-c", "id -un"], [secret], user, env)


class Shell:
    """Somebody's login shell by ssh, typed into; one terminal, so sudo's timestamp lasts."""

    MARK = "the-shell-is-ready"

    def __init__(self, user, token):
        self.child = spawn(["ssh", *SSH, "-tt", f"{user}@127.0.0.1"])
        self.child.expect(PROMPT)
        self.child.sendline(token)
        self.child.expect(r"\$ ")
        self.child.sendline(f"stty -echo; PS1={self.MARK[:4]}''{self.MARK[4:]}")
        self.child.expect(self.MARK)

    def run(self, command, answers=()):
        """Its exit status and what it said."""
        answers = list(answers)
        self.child.sendline(command + "; echo status=$?")
        output = ""
        while self.child.expect([PROMPT, r"status=(\d+)\s+" + self.MARK]) == 0:
            output += self.child.before + self.child.match.group(0)
            self.child.sendline(answers.pop(0) if answers else "\x03")
        return int(self.child.match.group(1)), output + self.child.before

    def close(self):
        self.child.close(force=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
