"""Answers on their way out: those of one turn of the event loop are sent one after the other.

Sending wakes the client, which takes one answer and sleeps again before the next is made. Of
answers that follow each other at once it finds several, and is woken once.
"""

import asyncio
from asyncio import WriteTransport

# More are not held back: the first would wait for them.
_MAX_PENDING = 16


class ResponseBuffer:
    """Holds small answers until the loop has looked at all requests that have arrived."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._pending: list[tuple[WriteTransport, bytes]] = []

    def put(self, transport: WriteTransport, answer: bytes) -> None:
        """Send an answer at the end of this turn, or with so many others now."""
        self._pending.append((transport, answer))
        if len(self._pending) >= _MAX_PENDING:
            self.flush()
        elif len(self._pending) == 1:
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Send what is held; call it before a connection is closed or written to otherwise."""
        pending, self._pending = self._pending, []
        for transport, answer in pending:
            if not transport.is_closing():
                transport.write(answer)
