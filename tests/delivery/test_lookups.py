"""Lookups by id or slug use an index, for any number of public stories.

Half of all stories are in the index of public stories. An engine without statistics may use that
index, and would read the whole archive for every change.
"""

from typing import Any

import pytest

from app.delivery.store import documents, embargo_log, snapshot_queries
from app.kit.sql.database import Database
from app.kit.sql.statement import Statement
from tests.delivery.archive import NOW, story_id
from tests.delivery.cost import cost

_NAMED: dict[str, tuple[Statement[Any], int]] = {
    "stories of a group that are out": (documents._RELEASED, 1),
    "groups with a story under embargo": (embargo_log._GROUPS, 1),
    "a text for the index": (snapshot_queries._RELEASED_TEXTS, 1),
    "many texts for the index": (snapshot_queries._RELEASED_TEXTS, 100),
}


# PostgreSQL knows the number of public stories.
@pytest.mark.parametrize("archive", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", _NAMED)
def test_rows_are_looked_up_by_id_or_slug(archive: Database, what: str) -> None:
    statement, names = _NAMED[what]
    named = [story_id(number) for number in range(names)]
    measured = cost(archive, statement, {"now": NOW, "values": named})
    assert measured.steps
    assert not any("released" in step or step.startswith("SCAN d") for step in measured.steps)
