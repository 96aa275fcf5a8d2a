"""Planner settings of public lists stay with these."""

from contextlib import closing
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from app.kit.database import Database

_SETTINGS = ("enable_sort", "enable_incremental_sort", "enable_material")


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_only_public_lists_are_read_with_planner_settings(database_url: str) -> None:
    with closing(Database(database_url, pool_size=1)) as database:
        for _ in range(3):
            for opened, expected in (
                (partial(database.read, lists=True), "off"),
                (database.read, "on"),
                (partial(database.read, snapshot=False), "on"),
                (database.write, "on"),
            ):
                with opened() as session:
                    for name in _SETTINGS:
                        assert session.scalar(_STATEMENTS[name]) == expected, (opened, name)


_STATEMENTS = {name: text(f"SELECT current_setting('{name}')") for name in _SETTINGS}


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_no_more_connections_are_opened_than_documented(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []

    def create(url: Any, **options: Any) -> Engine:
        opened.append(options["pool_size"] + options["max_overflow"])
        return create_engine(url, **options)

    monkeypatch.setattr("app.kit.engines.create_engine", create)
    for size, most in ((1, 15), (2, 16), (5, 22), (20, 52)):
        opened.clear()
        with closing(Database(database_url, pool_size=size)) as database:
            assert len(opened) == len(database.engines)
            assert sum(opened) == most
