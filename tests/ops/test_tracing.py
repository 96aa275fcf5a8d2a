"""A request, its SQL, its search and its webhooks are one trace, which contains no secret."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services, bootstrap, open_database
from app.kit.errors import Misconfigured
from app.settings import Settings
from app.telemetry import configuration
from app.telemetry.configuration import is_tracing_configured
from app.telemetry.requests import TracedRequestLog
from app.telemetry.tracing import Tracing
from tests.cli.shell import free_port, start
from tests.client import make_client
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.receiver import ReceivedRequest, Receiver, receiving

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
SECRET = "hush-hush"


class RecordedSpans:
    """The finished spans."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def of(self, trace: str) -> dict[str, ReadableSpan]:
        """Return the spans of a trace by name."""
        return {span.name: span for span in self.spans if _trace(span) == trace}

    def clear(self) -> None:
        self._exporter.clear()


def _trace(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}"


def _id(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    return f"{context.span_id:016x}"


def _parent(span: ReadableSpan) -> str:
    assert span.parent is not None
    return f"{span.parent.span_id:016x}"


def _attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


@pytest.fixture
def exporter() -> RecordedSpans:
    return RecordedSpans()


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment that may send to this machine."""
    return Settings(
        database_url=database_url, public_url="http://testserver", push_networks="127.0.0.0/8"
    )


@pytest.fixture
def tracing(exporter: RecordedSpans) -> Tracing:
    return Tracing(exporter.provider)


@pytest.fixture
def services(settings: Settings, clock: HandClock, tracing: Tracing) -> Iterator[Services]:
    """Everything below HTTP, traced."""
    instruments = tracing.instruments
    database = open_database(settings, instruments)
    wired = bootstrap(settings, clock=clock, database=database, instruments=instruments)
    yield wired
    wired.close()


@pytest.fixture
def client(services: Services, tracing: Tracing) -> Iterator[TestClient]:
    """A client of an application that is traced."""
    app = tracing.wrap(create_app(services, request_log=TracedRequestLog))
    with make_client(app) as test_client:
        yield test_client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as loopback_receiver:
        yield loopback_receiver


def _settle(services: Services, receiver: Receiver) -> None:
    services.push.run_step()
    receiver.wait_for(1)
    while services.push.status().pending:
        services.push.sender.wait(0.05)
        services.push.run_step()


def test_a_request_its_sql_and_its_webhook_are_one_trace(
    client: TestClient, services: Services, exporter: RecordedSpans, receiver: Receiver
) -> None:
    newsroom = Newsroom(client, key_for(services, "admin"))
    services.push.run_step()
    url = f"{receiver.url}/{SECRET}?token={SECRET}"
    webhook = newsroom.call("POST", "/webhooks", json={"url": url, "events": ["*"], "filter": {}})
    assert webhook.status_code == 201
    exporter.clear()
    document = {"title": SECRET, "language": "en", "status": "published"}
    response = newsroom.call("POST", "/articles", json=document, headers=TRACEPARENT)
    assert response.status_code == 201
    _settle(services, receiver)
    spans = exporter.of(TRACE)
    request, sql, sent = spans["POST /v1/manage/articles"], spans["write"], spans["POST"]
    assert [_parent(span) for span in (request, sql, sent)] == [
        "b7ad6b7169203331",
        _id(request),
        _id(sql),
    ]
    assert _attributes(request)["http.route"] == "/v1/manage/articles"
    assert _attributes(sql)["db.system.name"] == services.database.dialect
    assert _attributes(sent)["server.address"] == "127.0.0.1"
    assert _attributes(sent)["http.response.status_code"] == 204
    traceparent = receiver.requests[0].headers["traceparent"]
    assert traceparent == f"00-{TRACE}-{_id(sent)}-01"
    assert SECRET not in _everything(exporter)


def test_a_search_is_recorded_without_its_words(
    client: TestClient, services: Services, exporter: RecordedSpans
) -> None:
    assert client.get(f"/v1/search?q={SECRET}", headers=TRACEPARENT).status_code == 200
    spans = exporter.of(TRACE)
    assert spans["search"].parent is not None
    assert _attributes(spans["GET /v1/search"])["http.response.status_code"] == 200
    assert SECRET not in _everything(exporter)


def test_cache_hits_and_problems_are_recorded(client: TestClient, exporter: RecordedSpans) -> None:
    for _ in range(2):
        client.get("/v1/headlines", headers=TRACEPARENT)
    client.get(f"/{SECRET}", headers=TRACEPARENT)
    client.get(f"/v1/articles/{SECRET}", headers=TRACEPARENT)
    attributes = [
        (span.name, _attributes(span)["dateline.from_memory"])
        for span in exporter.spans
        if "http.route" in _attributes(span)
    ]
    assert attributes == [
        ("GET /v1/headlines", False),
        ("GET /v1/headlines", True),
        ("GET unmatched", False),
        ("GET /v1/articles/{ref}", False),
    ]
    assert any(span.name.startswith("SELECT") for span in exporter.spans)
    assert SECRET not in _everything(exporter)


def _everything(exporter: RecordedSpans) -> str:
    return "".join(span.to_json() for span in exporter.spans)


def test_without_an_endpoint_nothing_is_traced() -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    assert is_tracing_configured(endpoint)
    assert not is_tracing_configured({})
    assert not is_tracing_configured({**endpoint, "OTEL_SDK_DISABLED": "true"})
    assert not is_tracing_configured({**endpoint, "OTEL_TRACES_EXPORTER": "none"})


def test_a_missing_extra_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "find_spec", lambda _name: None)
    with pytest.raises(Misconfigured, match=r"dateline\[otel\]"):
        is_tracing_configured({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_nothing_is_imported_without_configuration(tmp_path: Path, dialect: str) -> None:
    code = (
        "import sys, app.main; app.main.app(); "
        "sys.exit(any(name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter', "
        "'app.telemetry.instruments', 'authlib', 'joserfc')) for name in sys.modules))"
    )
    url = f"sqlite:///{tmp_path}/dateline.db"
    root = Path(__file__).resolve().parents[2]
    known = {**os.environ, "PYTHONPATH": str(root), "DATELINE_DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-c", code], env=known, check=False, timeout=100)
    assert done.returncode == 0


@pytest.mark.slow
def test_a_server_sends_its_spans_by_otlp(tmp_path: Path) -> None:
    port = free_port()
    with receiving() as collector:
        collector.answer = lambda _: 200
        process = start(
            "serve",
            "--port",
            str(port),
            folder=tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.port}",
            OTEL_SERVICE_NAME="news",
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
        try:
            with httpx2.Client(transport=httpx2.HTTPTransport(retries=8)) as client:
                url = f"http://127.0.0.1:{port}/v1/headlines?limit=3"
                assert client.get(url, headers=TRACEPARENT).status_code == 200
            collector.wait_for(1)
        finally:
            process.terminate()
            process.communicate(timeout=60)
    exported = [span for request in collector.requests for span in _read_exported(request)]
    assert ("news", "GET /v1/headlines", TRACE) in exported


def _read_exported(exported: ReceivedRequest) -> Iterator[tuple[str, str, str]]:
    """Yield service, name and trace of each span in an OTLP request over HTTP."""
    assert exported.path == "/v1/traces"
    is_packed = exported.headers.get("content-encoding") == "gzip"
    body = gzip.decompress(exported.body) if is_packed else exported.body
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        known = {
            attribute.key: attribute.value.string_value
            for attribute in resource.resource.attributes
        }
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield known["service.name"], span.name, span.trace_id.hex()
