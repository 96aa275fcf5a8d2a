"""Requests to others: bounded in time and size, led nowhere else, and called off at once.

A receiver may be slow, endless or hostile. So the whole exchange has one limit of time, however
slowly bytes drip; of the answer only its beginning is read; redirects are answers like any other;
and nothing of the environment (proxies, stored passwords) changes where a request goes.
"""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

import httpx2


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
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send a request and return what came of it."""
        sending = self._begun(method, url, headers, body)
        try:
            return _CALLED_OFF if sending is None else sending.result()
        except CancelledError:
            return _CALLED_OFF

    def close(self) -> None:
        """Call off what is under way; whatever is sent later is called off as well."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(_call_off(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _begun(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Future[Outcome] | None:
        with self._lock:
            if self._closed:
                return None
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="http", daemon=True
                )
                self._thread.start()
            sending = self._send(method, url, headers, body)
            return asyncio.run_coroutine_threadsafe(sending, self._loop)

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Outcome:
        try:
            async with asyncio.timeout(self._seconds):
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


async def _call_off() -> None:
    """End all that the loop has in hand, and wait for it to have ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
