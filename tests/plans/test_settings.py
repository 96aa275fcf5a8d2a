"""Planner settings of public lists stay with these."""

from contextlib import closing

import pytest
from sqlalchemy import text

from app.kit.database import Database

_SETTINGS = ("enable_sort", "enable_incremental_sort", "enable_material")


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_only_public_lists_are_read_with_planner_settings(database_url: str) -> None:
    with closing(Database(database_url, pool_size=1)) as database:
        for _ in range(3):
            for opened, expected in (
                (database.read_lists, "off"),
                (database.read, "on"),
                (database.read_hot, "on"),
                (database.read_single, "on"),
                (database.write, "on"),
            ):
                with opened() as session:
                    for name in _SETTINGS:
                        assert session.scalar(_STATEMENTS[name]) == expected, (opened, name)


_STATEMENTS = {name: text(f"SELECT current_setting('{name}')") for name in _SETTINGS}


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_no_more_connections_are_opened_than_documented(database_url: str) -> None:
    for size, most in ((1, 3), (2, 4), (5, 10), (20, 40)):
        with closing(Database(database_url, pool_size=size)) as database:
            # Private, but nothing public says it.
            pools = [engine.pool for engine in database.engines]
            assert sum(pool.size() + pool._max_overflow for pool in pools) == most  # type: ignore[attr-defined]
