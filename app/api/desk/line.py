"""A line to the desk: messages in both directions, over a Unix socket that only we can reach.

The one who serves readers asks, the desk answers. Both run the same version of the same program,
so messages are what Python keeps objects in; nobody else can write to the socket.
"""

import asyncio
import pickle
from enum import IntEnum
from struct import Struct
from typing import Any

_LENGTH = Struct("!I")
# So much of what nobody wants is read at once.
_USELESS = 65_536


class Kind(IntEnum):
    """What a message of the desk is about."""

    HERE = 0
    """Somebody is at the desk: a request may be sent. Said once, when a line is opened."""
    WANTED = 1
    """More of the request is wanted."""
    SENT = 2
    """A part of the answer: ASGI messages."""
    DONE = 3
    """The rest of the answer, and whether the line can be used again."""


class Line:
    """One connection, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak over an open connection."""
        self._reader = reader
        self._writer = writer

    async def read(self) -> Any:
        """Return the next message; `EOFError` says that there will be none."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            return pickle.loads(await self._reader.readexactly(length))  # noqa: S301 - our own
        except (asyncio.IncompleteReadError, OSError) as wrong:
            raise EOFError from wrong

    async def write(self, message: object) -> None:
        """Send a message, no faster than it is taken; `OSError` says that nobody takes it."""
        self.post(message)
        await self._writer.drain()

    def post(self, message: object) -> None:
        """Send a message, and do not wait until it is taken."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._writer.write(_LENGTH.pack(len(data)) + data)

    @property
    def is_open(self) -> bool:
        """Whether nobody is known to have hung up."""
        return not (self._writer.is_closing() or self._reader.at_eof())

    async def ended(self) -> None:
        """Wait until the other side hangs up; what it still sends is for nobody."""
        while await self._reader.read(_USELESS):
            pass

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
