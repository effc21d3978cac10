# SPDX-License-Identifier: Apache-2.0
"""Client of the simulated Platform's control socket (control.h lists the commands)."""

import json
import socket
import urllib.parse


class PlatformError(Exception):
    pass


class PlatformClient:
    """Every command is a method: add_many(...) sends `add-many ...`."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        self.reader = self.socket.makefile("rb")

    def close(self):
        self.reader.close()
        self.socket.close()

    @staticmethod
    def _word(value):
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not isinstance(value, bytes):
            value = str(value).encode()
        return urllib.parse.quote_from_bytes(value, safe="/,*@:=.+-") or '""'

    def call(self, *words):
        """The lines of the reply, without their marks."""
        self.socket.sendall(" ".join(map(self._word, words)).encode() + b"\n")
        lines = []
        while True:
            line = self.reader.readline().decode()
            if line.startswith("= "):
                lines.append(line[2:].rstrip("\n"))
            elif line == "ok\n":
                return lines
            else:
                raise PlatformError(f"{words[0]}: {line.strip() or 'no platform'}")

    def add(self, token, org=1, personal=True, email="alice@acme.io", expires_ms=None):
        """`email` None is a JSON null, "-" none at all."""
        words = ["add", token, org, personal, "null" if email is None else email]
        self.call(*words, *([] if expires_ms is None else [expires_ms]))

    def counts(self, token=None):
        return json.loads(self.call("counts", *([] if token is None else [token]))[0])

    def requests(self, last=None, whole=True):
        """The kept requests: `headers` becomes a dict with lower-case names, `body` bytes."""
        words = ["requests" if whole else "log", *([] if last is None else [last])]
        found = [json.loads(line) for line in self.call(*words)]
        for entry in found if whole else []:
            entry["headers"] = {
                name.lower(): value
                for name, _, value in (
                    line.partition(": ") for line in entry["headers"].splitlines()
                )
            }
            entry["body"] = entry["body"].encode("latin-1")
        return found

    def list(self):
        return [json.loads(line) for line in self.call("list")]

    def ports(self):
        return json.loads(self.call("ports")[0])

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *words: self.call(name.replace("_", "-"), *words)
