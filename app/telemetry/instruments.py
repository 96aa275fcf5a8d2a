"""Services that record spans: SQL, search, and outgoing requests.

Attributes never contain external values: no SQL, search words, paths, queries, headers or bodies.
Errors are recorded by the name of their class.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from app.access.entitlement import PUBLIC, Entitlement
from app.access.selection import Selection
from app.kit.http_client import AddressCheck, HttpClient, HttpOutcome, HttpResponse
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession, RowT, Values, WriteSession
from app.kit.sql.statement import Statement, compile_statement
from app.kit.sql.unit_of_work import UnitOfWork
from app.search.queries import Search, SearchAnswer, SearchQuery
from app.search.suggestions import Suggestion

_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)")
_MAX_SUBJECTS = 10_000


@contextmanager
def record_span(
    tracer: Tracer, name: str, kind: SpanKind = SpanKind.INTERNAL, **attributes: str
) -> Iterator[Span]:
    """Record a span around a block; of an exception, record only the class."""
    given = {key.replace("__", "."): value for key, value in attributes.items()}
    with tracer.start_as_current_span(
        name, kind=kind, attributes=given, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        # Recorded, and raised again.
        except Exception as error:
            mark_failed(span, type(error).__name__)
            raise


def mark_failed(span: Span, kind: str) -> None:
    """Record an error in a span."""
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


class TracedDatabase(Database):
    """Records a span for each transaction, and for each single statement."""

    def __init__(self, tracer: Tracer, *args: Any, **options: Any) -> None:
        """Create a database with the same arguments."""
        super().__init__(*args, **options)
        self._tracer = tracer
        self._fetch = self.fetch
        # On SQLite, `Database` sets `fetch` on the object, which hides an override in this class.
        # So the attribute is replaced. `async_reads` is an object of another class.
        self.fetch = self._fetch_with_span  # type: ignore[method-assign]
        if self.async_reads is not None:
            inner = self.async_reads.fetch

            async def fetch(statement: Statement[RowT], params: Values = None) -> list[RowT]:
                with self._record(self._summarize(statement)):
                    return await inner(statement, params)

            self.async_reads.fetch = fetch  # type: ignore[method-assign]

    @contextmanager
    def read(self, *, snapshot: bool = True, lists: bool = False) -> Iterator[ReadSession]:
        """Record a span for a read transaction."""
        with (
            self._record("read"),
            super().read(snapshot=snapshot, lists=lists) as session,
        ):
            yield session

    @contextmanager
    def write(
        self, lock_timeout: float | None = None, *, changes_rights: bool = True
    ) -> Iterator[WriteSession]:
        """Record a span for a write transaction, including its commit."""
        with (
            self._record("write"),
            super().write(lock_timeout, changes_rights=changes_rights) as session,
        ):
            yield session

    def _fetch_with_span(self, statement: Statement[RowT], params: Values = None) -> list[RowT]:
        with self._record(self._summarize(statement)):
            return self._fetch(statement, params)

    def _summarize(self, statement: Statement[Any]) -> str:
        """Return the verb and the first table of a statement."""
        found = _TABLE.search(compile_statement(statement, self.engine.dialect).text)
        return f"SELECT {found[1]}" if found else "SELECT"

    def _record(self, summary: str) -> Any:
        if not trace.get_current_span().get_span_context().is_valid:
            # No request: the background loops read many times a second.
            return _skip_span()
        return record_span(
            self._tracer,
            summary,
            SpanKind.CLIENT,
            db__system__name=self.dialect,
            db__query__summary=summary,
        )


@contextmanager
def _skip_span() -> Iterator[None]:
    yield


class TracedSearch(Search):
    """Records a span for each search."""

    tracer: Tracer

    def search(self, query: SearchQuery) -> SearchAnswer:
        """Record a search."""
        with record_span(self.tracer, "search"):
            return super().search(query)

    def suggest(
        self, text: str, limit: int, *, entitlement: Entitlement = PUBLIC
    ) -> tuple[list[Suggestion], SearchAnswer]:
        """Record a suggestion."""
        with record_span(self.tracer, "suggest"):
            return super().suggest(text, limit, entitlement=entitlement)

    def list_related(
        self,
        id_: str,
        selection: Selection,
        limit: int,
        *,
        entitlement: Entitlement = PUBLIC,
        names_in: tuple[str, ...] = (),
    ) -> SearchAnswer:
        """Record a search for related stories."""
        with record_span(self.tracer, "related"):
            return super().list_related(
                id_, selection, limit, entitlement=entitlement, names_in=names_in
            )


class TracedHttpClient(HttpClient):
    """Records a span for each outgoing request; continues the trace in its headers."""

    tracer: Tracer

    def start(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        allows: AddressCheck | None = None,
    ) -> Future[HttpOutcome]:
        """Send a request with a new `traceparent`; its span ends with the outcome."""
        where = urlsplit(url)
        attributes: dict[str, Any] = {"http.request.method": method}
        # The rest of the URL may contain a secret.
        attributes["server.address"] = where.hostname or ""
        if where.port is not None:
            attributes["server.port"] = where.port
        parent = propagate.extract(dict(headers)) if "traceparent" in headers else Context()
        span = self.tracer.start_span(method, parent, SpanKind.CLIENT, attributes)
        carried = dict(headers)
        propagate.inject(carried, trace.set_span_in_context(span, parent))
        try:
            sending = super().start(method, url, carried, body, allows)
        except BaseException as error:
            mark_failed(span, type(error).__name__)
            span.end()
            raise
        sending.add_done_callback(partial(_end, span))
        return sending


def _end(span: Span, sending: Future[HttpOutcome]) -> None:
    outcome = None if sending.cancelled() or sending.exception() else sending.result()
    if isinstance(outcome, HttpResponse):
        span.set_attribute("http.response.status_code", outcome.status)
        if outcome.status >= 400:
            mark_failed(span, str(outcome.status))
    else:
        mark_failed(span, "no_answer")
    span.end()


class TraceCarriers:
    """The trace of the last change of each object, so that webhooks continue it.

    It is in memory, with a limited number of objects; a change by another process starts a new
    trace.
    """

    def __init__(self) -> None:
        """Start without traces."""
        self._carriers: OrderedDict[str, dict[str, str]] = OrderedDict()

    def remember(self, unit: UnitOfWork) -> None:
        """Store the current trace for the objects that a unit of work changed."""
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        for action in unit.actions:
            if action.id is not None and carrier:
                self._carriers[action.id] = carrier
                self._carriers.move_to_end(action.id)
        while len(self._carriers) > _MAX_SUBJECTS:
            self._carriers.popitem(last=False)

    def headers(self, subject: str) -> Mapping[str, str]:
        """Return the headers that continue the trace of the last change of an object."""
        return self._carriers.get(subject, {})
