"""Requests to others: bounded in time and size, led nowhere else, and called off at once.

A receiver may be slow, endless or hostile. So the whole exchange has one limit of time, however
slowly bytes drip; of the answer only its beginning is read; redirects are answers like any other;
and nothing of the environment (proxies, stored passwords) changes where a request goes.

Who lets others name receivers gives a `Reach`. Then a name is looked up once, all of its
addresses have to lie within, and the connection is made to the address that was looked at: a
name that is answered differently the next time leads nowhere else.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import Any

import httpx2

from app.kit.networks import Address, Reach, literal
from app.kit.sql.leadership import check_leading


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
# Asked before each request with the address that it would be sent to; no means it is not sent.
Allows = Callable[[Address], bool]
_CALLED_OFF = Unanswered("called off")
_LAST_PORT = 65_535
# Names that are slow to be looked up are not to delay others.
_LOOKUPS = 32
_PORTS = {"http": 80, "https": 443}


class _Refused(Exception):
    """A host's address is not one that requests may go to."""


class _AskedTooOften(Exception):
    """The caller allows no more requests to this address for now."""


class HttpClient:
    """Sends requests for any number of threads; each waits for its own outcome.

    An event loop in a thread of its own does the exchanges, because only there can one be ended
    from outside. Each exchange has its own connection.
    """

    def __init__(
        self,
        agent: str,
        *,
        seconds: float = 10,
        most_bytes: int = 65_536,
        reach: Reach | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Say who asks; nothing is started before the first request.

        With a `reach`, requests go nowhere else. `trust` says whose certificates count, where
        they are not those that everybody trusts.
        """
        self._reach = reach
        self._headers = {"user-agent": agent, "accept-encoding": "identity"}
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._trust = trust or trusted()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send a request and return what came of it."""
        return outcome_of(self.start(method, url, headers, body))

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

    def start(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        allows: Allows | None = None,
    ) -> Future[Outcome]:
        """Send a request without waiting; `outcome_of` says what came of it.

        Where there is a `reach`, `allows` is asked, in the thread of the client.
        """
        check_leading()
        with self._lock:
            if self._closed:
                called_off: Future[Outcome] = Future()
                called_off.set_result(_CALLED_OFF)
                return called_off
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._loop.set_default_executor(
                    ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="lookup")
                )
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="http", daemon=True
                )
                self._thread.start()
            sending = self._send(method, url, headers, body, allows)
            return asyncio.run_coroutine_threadsafe(sending, self._loop)

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        allows: Allows | None,
    ) -> Outcome:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._exchanged(method, url, headers, body, allows)
        except TimeoutError:
            return Unanswered(f"no answer within {self._seconds:g} seconds")
        except _Refused:
            return Unanswered("its address is inside the network")
        except _AskedTooOften:
            return Unanswered("its address was asked too often")
        # Its own words may hold what was sent.
        except (httpx2.RequestError, httpx2.InvalidURL) as wrong:
            return Unanswered(_reason(wrong))

    async def _exchanged(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        allows: Allows | None,
    ) -> Answered:
        if (httpx2.URL(url).port or 0) > _LAST_PORT:
            raise httpx2.InvalidURL("There is no such port.")
        where, more = httpx2.URL(url), dict[str, Any]()
        if self._reach is not None:
            where, more = await _within(where, self._reach)
            if allows is not None and not allows(ip_address(where.host)):
                raise _AskedTooOften
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
            client.stream(
                method,
                where,
                headers={**headers, **({"host": _host_of(url)} if more else {})},
                content=body or None,
                extensions=more,
            ) as response,
        ):
            async for part in response.aiter_raw():
                read += part
                if len(read) >= self._most_bytes:
                    break
        return Answered(response.status_code, bytes(read[: self._most_bytes]))


def outcome_of(sending: Future[Outcome]) -> Outcome:
    """Wait for a request that was begun, and return what came of it."""
    try:
        return sending.result()
    except CancelledError:
        return _CALLED_OFF


def _reason(wrong: BaseException) -> str:
    """Say why there was no answer; a certificate is what its receiver can mend."""
    cause: BaseException | None = wrong
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not trusted, or is not for its name"
        cause = cause.__cause__ or cause.__context__
    return f"no answer ({type(wrong).__name__})"


@cache
def trusted(authorities: str | None = None) -> ssl.SSLContext:
    """Return whose certificates count: those that everybody trusts, and those of a file (PEM).

    They are many, and are read once for all clients. `OSError` if the file cannot be read, or is
    of another kind.
    """
    context = httpx2.create_ssl_context(trust_env=False)
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context


async def _within(url: httpx2.URL, reach: Reach) -> tuple[httpx2.URL, dict[str, Any]]:
    """Return a URL with the address of its host in place of the name, if all are within reach.

    The certificate is still asked for under the name, which has no dot at its end there.
    """
    host = url.raw_host.decode()
    known = literal(host)
    found = [str(known)] if known is not None else await _looked_up(host, url)
    if not found or not all(reach.takes_in(ip_address(one)) for one in found):
        raise _Refused
    return url.copy_with(host=found[0]), {"sni_hostname": host.removesuffix(".")}


async def _looked_up(host: str, url: httpx2.URL) -> list[str]:
    loop = asyncio.get_running_loop()
    port = url.port or _PORTS.get(url.scheme, 0)
    try:
        rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as wrong:
        raise httpx2.ConnectError("The name is not known.") from wrong
    return [str(row[4][0]).partition("%")[0] for row in rows]


def _host_of(url: str) -> str:
    return httpx2.URL(url).netloc.decode()


async def _call_off() -> None:
    """End all that the loop has in hand, and wait for it to have ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
