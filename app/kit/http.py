"""Requests to others: bounded in time and size, led nowhere else, and called off at once.

A receiver may be slow, endless or hostile. So the whole exchange has one limit of time, however
slowly bytes drip; of the answer only its beginning is read; redirects are answers like any other;
and nothing of the environment (proxies, stored passwords) changes where a request goes.
"""

import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack
from dataclasses import dataclass

import httpx2
from anyio import fail_after
from anyio.from_thread import BlockingPortal, start_blocking_portal


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody answered; `body` is the beginning of the answer, as it came."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody did; `reason` says why, and repeats nothing of what was sent."""

    reason: str


Outcome = Answered | Unanswered
_CALLED_OFF = Unanswered("called off")
_LAST_PORT = 65_535


class HttpClient:
    """Sends requests for any number of threads; each waits for its own outcome.

    An event loop in a thread of its own does the exchanges, because only there can one be ended
    from outside. Each exchange has its own connection.
    """

    def __init__(self, agent: str, *, seconds: float = 10, most_bytes: int = 65_536) -> None:
        """Say who asks; nothing is started before the first request."""
        self._headers = {"user-agent": agent, "accept-encoding": "identity"}
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._trust = httpx2.create_ssl_context(trust_env=False)
        self._starting = threading.Lock()
        self._running = ExitStack()
        self._portal: BlockingPortal | None = None
        self._closed = False

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send a request and return what came of it."""
        portal = self._started()
        if portal is None:
            return _CALLED_OFF
        try:
            return portal.call(self._send, method, url, headers, body)
        except CancelledError:
            return _CALLED_OFF
        except RuntimeError:
            if self._closed:
                return _CALLED_OFF
            raise

    def close(self) -> None:
        """Call off what is under way; whatever is sent later is called off as well."""
        with self._starting:
            self._closed = True
            if self._portal is not None:
                self._portal.call(self._portal.stop, True)
                self._portal = None
            self._running.close()

    def _started(self) -> BlockingPortal | None:
        with self._starting:
            if self._portal is None and not self._closed:
                portal = start_blocking_portal(name="http")
                self._portal = self._running.enter_context(portal)
            return self._portal

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Outcome:
        try:
            with fail_after(self._seconds):
                return await self._exchanged(method, url, headers, body)
        except TimeoutError:
            return Unanswered(f"no answer within {self._seconds:g} seconds")
        # Its own words may hold what was sent.
        except (httpx2.RequestError, httpx2.InvalidURL) as wrong:
            return Unanswered(f"no answer ({type(wrong).__name__})")

    async def _exchanged(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answered:
        if (httpx2.URL(url).port or 0) > _LAST_PORT:
            raise httpx2.InvalidURL("There is no such port.")
        # No limits for the parts: one for the whole stands around this.
        client = httpx2.AsyncClient(
            headers=self._headers,
            verify=self._trust,
            trust_env=False,
            timeout=None,
            follow_redirects=False,
        )
        read = bytearray()
        async with (
            client,
            client.stream(method, url, headers=headers, content=body) as response,
        ):
            async for part in response.aiter_raw():
                read += part
                if len(read) >= self._most_bytes:
                    break
        return Answered(response.status_code, bytes(read[: self._most_bytes]))
