"""URLs of PostgreSQL, and the settings of every connection."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.kit.errors import Misconfigured
from app.kit.sql.postgres import PostgresServer
from tests.databases import fresh_database


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The parameters of each attempt to connect; none succeeds."""
    calls: list[dict[str, Any]] = []

    def refuse(**parameters: Any) -> None:
        calls.append(parameters)
        raise psycopg.OperationalError("refused")

    monkeypatch.setattr(psycopg, "connect", refuse)
    return calls


def _try(url: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        PostgresServer(url, 5).connect()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:p@h1:1,h2:2/news?target_session_attrs=read-write",
        "postgresql://u:p@/news?host=h1,h2&port=1,2&target_session_attrs=read-write",
        "postgresql+psycopg://u:p@/news?host=h1:1&host=h2:2&target_session_attrs=read-write",
    ],
)
def test_each_address_is_tried_in_turn(url: str, attempts: list[dict[str, Any]]) -> None:
    _try(url)
    assert [(attempt["host"], attempt["port"]) for attempt in attempts] == [
        ("h1", "1"),
        ("h2", "2"),
    ]
    for attempt in attempts:
        assert (attempt["user"], attempt["password"], attempt["dbname"]) == ("u", "p", "news")
        assert attempt["target_session_attrs"] == "read-write"


def test_every_connection_has_timeouts(attempts: list[dict[str, Any]]) -> None:
    _try("postgresql+psycopg://h/news")
    (attempt,) = attempts
    assert attempt["application_name"] == "dateline"
    assert attempt["connect_timeout"] == 2
    assert attempt["tcp_user_timeout"] == 5_000
    assert (
        attempt["keepalives_idle"],
        attempt["keepalives_interval"],
        attempt["keepalives_count"],
    ) == (
        2,
        1,
        3,
    )


def test_parameters_of_the_url_override_defaults(attempts: list[dict[str, Any]]) -> None:
    _try("postgresql+psycopg://h/news?connect_timeout=9&application_name=desk&tcp_user_timeout=1")
    (attempt,) = attempts
    assert (attempt["connect_timeout"], attempt["application_name"]) == ("9", "desk")
    assert attempt["tcp_user_timeout"] == "1"


def test_options_of_the_url_override_settings(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path, migrated=False) as url:
        options = "-c%20lock_timeout%3D3s%20--timezone%3DEurope/Berlin"
        server = PostgresServer(f"{url}&options={options}", 5)
        with server.connect({"enable_sort": "off"}) as connection:
            shown = [
                connection.execute(f"SHOW {name}").fetchone()
                for name in ("lock_timeout", "timezone", "enable_sort", "tcp_keepalives_idle")
            ]
    # A Unix socket needs no keep-alive.
    assert shown == [("3s",), ("Europe/Berlin",), ("off",), ("0",)]


def test_settings_survive_a_rollback(tmp_path: Path) -> None:
    with (
        fresh_database("postgresql", tmp_path, migrated=False) as url,
        PostgresServer(url, 7).connect() as connection,
    ):
        connection.rollback()
        assert connection.execute("SHOW lock_timeout").fetchone() == ("7s",)


@pytest.mark.parametrize(
    "url", ["postgresql://h1,h2:x/n?unknown=1", "postgresql://h1:1,h2:2,h3/n?port=1,2"]
)
def test_an_invalid_url_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(Misconfigured, match="DATELINE_DATABASE_URL"):
        PostgresServer(url, 5)
