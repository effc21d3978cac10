# SPDX-License-Identifier: Apache-2.0
"""The client's side of PostgreSQL's protocol, as much as a login and a query take: for hundreds of
clients at once, and for passwords that psql would not send."""
import asyncio
import struct

CLEARTEXT = 3  # AuthenticationCleartextPassword; 0 is AuthenticationOk


class Refused(Exception):
    """The server's error message."""


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def login(cls, user, password, port=6432, database="clones"):
        """A client that is let in; Refused with the server's words if it is not."""
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        try:
            await client._start(user, password.encode() if isinstance(password, str) else password,
                                database)
        except BaseException:
            client.close()
            raise
        return client

    async def _start(self, user, password, database):
        words = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database))
        self.writer.write(struct.pack("!ii", len(words) + 9, 196608) + words + b"\0")
        while True:
            kind, body = await self._read()
            if kind == b"R" and struct.unpack("!i", body[:4])[0] == CLEARTEXT:
                self._send(b"p", password + b"\0")
            elif kind == b"Z":
                return

    def _send(self, kind, body):
        self.writer.write(kind + struct.pack("!i", len(body) + 4) + body)

    async def _read(self):
        try:
            head = await self.reader.readexactly(5)
            body = await self.reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise Refused(f"connection closed: {error}") from error
        if head[:1] == b"E":
            fields = dict((f[:1], f[1:].decode()) for f in body.split(b"\0") if f)
            raise Refused(fields[b"M"])
        return head[:1], body

    async def query(self, text):
        """The first column of its rows, as text."""
        self._send(b"Q", text.encode() + b"\0")
        rows = []
        while True:
            kind, body = await self._read()
            if kind == b"D":
                size = struct.unpack("!i", body[2:6])[0]
                rows.append(body[6:6 + size].decode())
            elif kind == b"Z":
                return rows

    def close(self):
        self.writer.close()


async def attempt(user, password, **where):
    """None where it was let in and could ask something, else what it was told."""
    try:
        client = await Client.login(user, password, **where)
    except Refused as refused:
        return str(refused)
    try:
        assert await client.query("select 1") == ["1"]
    finally:
        client.close()
    return None


async def attempts(logins, **where):
    """All of (user, password) at once; a list of what attempt() gives."""
    return await asyncio.gather(*(attempt(user, password, **where) for user, password in logins))
