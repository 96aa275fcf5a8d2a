"""Documents from before digital source types become those that would be rendered today."""

import pytest
from sqlalchemy import text

from app.bootstrap import Services
from app.delivery.consistency import find_inconsistencies
from app.kit.sql import migrations
from app.kit.sql.database import Database
from tests.newsroom import Newsroom

_BEFORE = (
    ',"digital_source_type":null',
    ',"digital_source_type":"digitalCapture"',
    ',"digital_source_type":"print"',
)


def _without(database: Database) -> None:
    """Remove the member from all documents, as they were written before."""
    with database.engine.begin() as connection:
        for id_, extra, tail in connection.execute(text("SELECT id, extra, tail FROM documents")):
            pieces = {"id": id_, "extra": bytes(extra), "tail": bytes(tail)}
            for member in _BEFORE:
                for name in ("extra", "tail"):
                    pieces[name] = pieces[name].replace(member.encode(), b"")
            update = text("UPDATE documents SET extra = :extra, tail = :tail WHERE id = :id")
            connection.execute(update, pieces)


@pytest.mark.parametrize("image", [None, {"url": "https://site.example/ä.jpg", "alt": '"},"'}])
def test_documents_get_the_new_member_once(
    services: Services, newsroom: Newsroom, image: dict[str, str] | None
) -> None:
    newsroom.story('A "title"', image=image, tags=['},"urgency":', "é"], urgency=3)
    newsroom.story("Another", image=image)
    database = services.database
    migrations.downgrade(database, "0006")
    _without(database)
    for _ in range(2):
        migrations.upgrade(database)
        with database.read() as session:
            assert list(find_inconsistencies(session, services.clock.now())) == []
        migrations.downgrade(database, "0006")
    migrations.upgrade(database)
