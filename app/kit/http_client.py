"""The HTTP client for outgoing requests: limited in time and size, without redirects, cancellable.

A server may be slow, endless or hostile. So one timeout covers the whole exchange, only the
beginning of a response is read, redirects are not followed, and nothing in the environment
(proxies, stored passwords) changes where a request goes.

Pass `allowed_networks` whenever a user supplied the URL: this prevents SSRF. The client then
resolves the name once, requires every address to be allowed, and connects to the address that it
checked, so DNS rebinding has no effect.
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

from app.kit.networks import Address, AllowedNetworks, parse_ip
from app.kit.sql.leadership import check_leadership


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response; `body` is its beginning, as received."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """A request without a response; `reason` contains nothing of what was sent."""

    reason: str


HttpOutcome = HttpResponse | HttpFailure
# Called before each request with the address that it would go to; `False` prevents the request.
AddressCheck = Callable[[Address], bool]
_CANCELLED = HttpFailure("called off")
_LAST_PORT = 65_535
# Threads for DNS lookups, so that a slow lookup does not delay others.
_LOOKUPS = 32
_PORTS = {"http": 80, "https": 443}


class _AddressRefused(Exception):
    """A host has an address that is not allowed."""


class _AddressRateLimited(Exception):
    """The caller allows no more requests to this address at the moment."""


class HttpClient:
    """Sends requests for any number of threads; each waits for its own outcome.

    The requests run on an event loop in a separate thread, so that they can be cancelled. Each
    request has its own connection.
    """

    def __init__(
        self,
        agent: str,
        *,
        seconds: float = 10,
        max_bytes: int = 65_536,
        allowed_networks: AllowedNetworks | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Set the user agent; the thread starts with the first request.

        With `allowed_networks`, requests go nowhere else. `trust` replaces the default trusted
        certificates.
        """
        self._allowed_networks = allowed_networks
        self._headers = {"user-agent": agent, "accept-encoding": "identity"}
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._trust = trust or load_trusted_certificates()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> HttpOutcome:
        """Send a request and return its outcome."""
        return wait_for_outcome(self.start(method, url, headers, body))

    def close(self) -> None:
        """Cancel all requests, those that are sent later included."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(_cancel_tasks(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def start(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        allows: AddressCheck | None = None,
    ) -> Future[HttpOutcome]:
        """Send a request without waiting; `wait_for_outcome` returns its outcome.

        With `allowed_networks`, `allows` is called in the thread of the client.
        """
        check_leadership()
        with self._lock:
            if self._closed:
                cancelled: Future[HttpOutcome] = Future()
                cancelled.set_result(_CANCELLED)
                return cancelled
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
        allows: AddressCheck | None,
    ) -> HttpOutcome:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._exchange(method, url, headers, body, allows)
        except TimeoutError:
            return HttpFailure(f"no answer within {self._seconds:g} seconds")
        except _AddressRefused:
            return HttpFailure("its address is inside the network")
        except _AddressRateLimited:
            return HttpFailure("its address was asked too often")
        # The message of the exception may contain what was sent.
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            return HttpFailure(_describe_error(error))

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        allows: AddressCheck | None,
    ) -> HttpResponse:
        if (httpx2.URL(url).port or 0) > _LAST_PORT:
            raise httpx2.InvalidURL("There is no such port.")
        where, more = httpx2.URL(url), dict[str, Any]()
        if self._allowed_networks is not None:
            where, more = await _resolve_within(where, self._allowed_networks)
            if allows is not None and not allows(ip_address(where.host)):
                raise _AddressRateLimited
        # No timeouts for phases: the caller sets one for the whole exchange.
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
                headers={**headers, **({"host": _build_host_header(url)} if more else {})},
                content=body or None,
                extensions=more,
            ) as response,
        ):
            async for part in response.aiter_raw():
                read += part
                if len(read) >= self._max_bytes:
                    break
        return HttpResponse(response.status_code, bytes(read[: self._max_bytes]))


def wait_for_outcome(sending: Future[HttpOutcome]) -> HttpOutcome:
    """Wait for a request that was started, and return its outcome."""
    try:
        return sending.result()
    except CancelledError:
        return _CANCELLED


def _describe_error(error: BaseException) -> str:
    """Say why there was no response; a bad certificate is named, as its owner can replace it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not trusted, or is not for its name"
        cause = cause.__cause__ or cause.__context__
    return f"no answer ({type(error).__name__})"


@cache
def load_trusted_certificates(authorities: str | None = None) -> ssl.SSLContext:
    """Return the default trusted certificates, and those of a PEM file.

    The result is cached, since reading them takes long. Raises `OSError` if the file cannot be
    read or is not PEM.
    """
    context = httpx2.create_ssl_context(trust_env=False)
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context


async def _resolve_within(
    url: httpx2.URL, allowed_networks: AllowedNetworks
) -> tuple[httpx2.URL, dict[str, Any]]:
    """Replace the host name of a URL by its address; refuse it unless all addresses are allowed.

    TLS still uses the name (SNI), without a dot at its end.
    """
    host = url.raw_host.decode()
    known = parse_ip(host)
    found = [str(known)] if known is not None else await _look_up(host, url)
    if not found or not all(allowed_networks.includes(ip_address(task)) for task in found):
        raise _AddressRefused
    return url.copy_with(host=found[0]), {"sni_hostname": host.removesuffix(".")}


async def _look_up(host: str, url: httpx2.URL) -> list[str]:
    loop = asyncio.get_running_loop()
    port = url.port or _PORTS.get(url.scheme, 0)
    try:
        rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx2.ConnectError("The name is not known.") from error
    return [str(row[4][0]).partition("%")[0] for row in rows]


def _build_host_header(url: str) -> str:
    return httpx2.URL(url).netloc.decode()


async def _cancel_tasks() -> None:
    """Cancel all tasks of the loop, and wait for them."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
