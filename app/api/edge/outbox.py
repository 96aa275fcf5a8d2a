"""Answers on their way out: those of one turn of the event loop are sent one after the other.

Sending wakes whoever waits on the other side, who takes one answer and sleeps again before the
next is made. Of answers that follow each other at once it finds several, and is woken once.
"""

import asyncio
from asyncio import WriteTransport

# More are not held back: who came first would wait for them.
_MOST = 16


class Outbox:
    """Holds whole answers until the loop has looked at all requests that are here."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: list[tuple[WriteTransport, bytes]] = []

    def put(self, transport: WriteTransport, answer: bytes) -> None:
        """Send an answer at the end of this turn, or with so many others now."""
        self._held.append((transport, answer))
        if len(self._held) >= _MOST:
            self.send()
        elif len(self._held) == 1:
            asyncio.get_running_loop().call_soon(self.send)

    def send(self) -> None:
        """Send what is held; whoever closes a connection, or writes to it otherwise, asks first."""
        held, self._held = self._held, []
        for transport, answer in held:
            if not transport.is_closing():
                transport.write(answer)


# One for each process, as its loop.
OUTBOX = Outbox()
