"""Settings: an invalid one is named, with its correction."""

from traceback import format_exception

import pytest

from app.kit.errors import Misconfigured
from app.kit.sql.database import Database
from app.settings import Settings, read_settings


@pytest.mark.parametrize(
    ("variable", "value", "way_out"),
    [
        ("DATELINE_PORT", "http", "integer"),
        ("DATELINE_PORT", "70000", "65535"),
        ("DATELINE_WORKERS", "0", "greater than or equal to 1"),
        ("DATELINE_SECRET_KEY", "short", "at least 32"),
        ("DATELINE_PUBLIC_URL", "api.example", "http://"),
        ("DATELINE_ANONYMOUS", "two words", "'headlines', 'none' or the slug of a product"),
        ("DATELINE_MANAGEMENT", "perhaps", "boolean"),
        ("DATELINE_MAX_BODY_BYTES", "8MB", "integer"),
        ("DATELINE_BUSY_TIMEOUT", "0", "greater than 0"),
        ("DATELINE_LOG_LEVEL", "chatty", "'debug', 'info', 'warning' or 'error'"),
        ("DATELINE_LOG_FORMAT", "xml", "'text' or 'json'"),
        ("DATELINE_WORKER_INTERVAL", "inf", ""),
        ("DATELINE_STORY_URL", "site.example/{slug}", "http://"),
        ("DATELINE_STORY_URL", "https://site.example/", "{slug}"),
        ("DATELINE_SITE_NAME", "", "at least 1"),
        ("DATELINE_PURGE_URL", "cdn.example/purge", "http://"),
        ("DATELINE_PURGE_URL", "https://:443/purge", "name of a host"),
        ("DATELINE_PURGE_URL", "https://cdn.example:x/", "Port"),
        ("DATELINE_PURGE_URL", "https://me:hunter2@cdn.example/", "DATELINE_PURGE_TOKEN"),
        ("DATELINE_PURGE_METHOD", "GET", "'POST' or 'PURGE'"),
        ("DATELINE_PURGE_TOKEN", "two words", "visible ASCII"),
        ("DATELINE_PURGE_TOKEN", "naïve", "visible ASCII"),
        ("DATELINE_CA_FILE", "no/such.pem", "that can be read (No such file or directory)"),
        ("DATELINE_CA_FILE", __file__, "in PEM form"),
        ("DATELINE_RATE_LIMIT", "none", "'on' or 'off'"),
        ("DATELINE_RATE_LIMIT", "OFF", "'on' or 'off'"),
        ("DATELINE_TRUSTED_PROXIES", "proxy.example", "networks with commas"),
        ("DATELINE_PROXY_HEADER", "X Real IP", "X-Forwarded-For"),
    ],
)
def test_an_invalid_variable_is_named_with_its_correction(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, way_out: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Misconfigured) as refused:
        read_settings()
    assert f"{variable}: " in refused.value.detail
    assert way_out in refused.value.detail


@pytest.mark.parametrize(
    ("variable", "way_out"),
    [
        ("DATELINE_ANONYMUS", "there is no such setting; is DATELINE_ANONYMOUS meant?"),
        ("dateline_pubic_url", "there is no such setting; is DATELINE_PUBLIC_URL meant?"),
        ("DATELINE_DESKS", "this setting was removed"),
    ],
)
def test_a_variable_that_is_no_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, way_out: str
) -> None:
    monkeypatch.setenv(variable, "hunter2")
    with pytest.raises(Misconfigured) as refused:
        read_settings()
    assert f"{variable}: {way_out}" in refused.value.detail
    assert "hunter2" not in refused.value.detail


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATELINE_SERVICE_HOST", "10.0.0.1"),
        ("DATELINE_SERVICE_PORT_HTTP", "8000"),
        ("DATELINE_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("DATELINE_DB_SERVICE_HOST", "10.0.0.1"),
        ("DATELINE_DB_PORT", "tcp://10.0.0.1:5432"),
    ],
)
def test_service_variables_of_kubernetes_are_ignored(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert read_settings() == Settings()


def test_a_service_named_dateline_is_named_as_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_PORT", "tcp://10.0.0.1:8000")
    with pytest.raises(Misconfigured, match=r"DATELINE_PORT: .*Kubernetes.*enableServiceLinks"):
        read_settings()


def test_all_invalid_variables_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_PORT", "-1")
    monkeypatch.setenv("DATELINE_WORKERS", "many")
    with pytest.raises(Misconfigured, match=r"(?s)DATELINE_PORT.*DATELINE_WORKERS"):
        read_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATELINE_SECRET_KEY", "hunter2"),
        ("DATELINE_PURGE_TOKEN", "hunter2 "),
        ("DATELINE_PURGE_URL", "https://me:hunter2@cdn.example/"),
    ],
)
def test_a_wrong_secret_is_not_repeated_in_the_message(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Misconfigured) as refused:
        read_settings()
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in "".join(format_exception(refused.value))


def test_secrets_are_passed_to_child_processes_only() -> None:
    settings = read_settings(purge_token="hunter2", port=9000)
    assert "hunter2" not in f"{settings} {settings!r} {settings.model_dump_json()}"
    handed_on = settings.to_variables()
    assert (handed_on["purge_token"], handed_on["port"]) == ("hunter2", 9000)
    assert handed_on.keys() == Settings.model_fields.keys()
    assert read_settings(**handed_on) == settings


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "mysql://localhost/x",
        "postgresql+asyncpg://localhost/x",
        "postgresql+psycopg://localhost:port/x",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_an_invalid_database_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        Database(url)
    assert "DATELINE_DATABASE_URL" in refused.value.detail
    assert "sqlite" in refused.value.detail
    assert "\n" not in refused.value.detail


def test_a_password_in_a_refused_address_is_not_repeated() -> None:
    with pytest.raises(Misconfigured) as refused:
        Database("mysql://desk:hunter2@localhost/x")
    assert "hunter2" not in str(refused.value)


def test_given_values_override_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_PORT", "9000")
    assert read_settings().port == 9000
    assert read_settings(port=9001).port == 9001
    assert read_settings(port=None).port == 9000


def test_every_setting_has_a_description_and_a_default() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert not field.is_required(), name
    assert Settings() == Settings(database_url="sqlite:///dateline.db")


def test_the_public_address_ends_without_a_slash() -> None:
    assert read_settings(public_url="https://api.example/").public_url == "https://api.example"


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({"public_url": "https://api.example/"}, "https://api.example"),
        ({"host": "127.0.0.1", "port": 8123}, "http://127.0.0.1:8123"),
        ({"host": "0.0.0.0"}, "http://localhost:8000"),
        ({"host": "::"}, "http://localhost:8000"),
        ({"host": "::1"}, "http://[::1]:8000"),
    ],
)
def test_feeds_have_an_absolute_address_with_any_settings(
    settings: dict[str, object], address: str
) -> None:
    assert read_settings(**settings).own_address == address
