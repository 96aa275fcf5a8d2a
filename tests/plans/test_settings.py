"""Planner settings apply to public lists only."""

from contextlib import closing
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from app.kit.sql.database import Database

_SETTINGS = {
    "enable_sort": ("on", "off"),
    "enable_incremental_sort": ("on", "off"),
    "enable_material": ("on", "off"),
    "plan_cache_mode": ("auto", "force_generic_plan"),
}


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_only_public_lists_use_planner_settings(database_url: str) -> None:
    with closing(Database(database_url, pool_size=1)) as database:
        for _ in range(3):
            for opened, is_for_lists in (
                (partial(database.read, lists=True), True),
                (database.read, False),
                (partial(database.read, snapshot=False), False),
                (database.write, False),
            ):
                with opened() as session:
                    for name in _SETTINGS:
                        expected = _SETTINGS[name][is_for_lists]
                        assert session.scalar(_STATEMENTS[name]) == expected, (opened, name)


_STATEMENTS = {name: text(f"SELECT current_setting('{name}')") for name in _SETTINGS}


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_the_number_of_connections_is_as_documented(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []

    def create(url: Any, **options: Any) -> Engine:
        opened.append(options["pool_size"] + options["max_overflow"])
        return create_engine(url, **options)

    monkeypatch.setattr("app.kit.sql.engines.create_engine", create)
    for size, most in ((1, 16), (2, 17), (5, 24), (20, 62)):
        opened.clear()
        with closing(Database(database_url, pool_size=size)) as database:
            assert len(opened) == len(database.engines)
            assert database.async_reads is not None
            assert sum(opened) + database.async_reads.size == most
