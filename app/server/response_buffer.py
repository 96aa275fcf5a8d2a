"""A buffer for small responses: all responses of one iteration of the event loop are sent together.

Sending a response wakes the client, which reads it and sleeps again before the next one is built.
If several responses are sent in a row, the client wakes once.
"""

import asyncio
from asyncio import WriteTransport

# The limit keeps the first response from waiting too long.
_MAX_PENDING = 16


class ResponseBuffer:
    """Buffers small responses until the loop has processed all requests that have arrived."""

    def __init__(self) -> None:
        """Start with an empty buffer."""
        self._pending: list[tuple[WriteTransport, bytes]] = []

    def put(self, transport: WriteTransport, answer: bytes) -> None:
        """Send a response at the end of this iteration, or now if the buffer is full."""
        self._pending.append((transport, answer))
        if len(self._pending) >= _MAX_PENDING:
            self.flush()
        elif len(self._pending) == 1:
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Send the buffer; call it before a connection is closed or written to directly."""
        pending, self._pending = self._pending, []
        for transport, answer in pending:
            if not transport.is_closing():
                transport.write(answer)
