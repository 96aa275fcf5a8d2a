"""A small archive in the delivery tables, written directly: query plans depend on the size."""

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.access.selection import SelectionFields
from app.delivery import store
from app.delivery.rendering import build_terms
from app.kit.clock import format_instant
from app.kit.sql.database import Database

STORIES = 3_000
SCHEDULED = 600
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# This many stories are public; each of the others is published a minute after the previous one.
NOW = EPOCH + timedelta(minutes=STORIES - SCHEDULED) - timedelta(seconds=30)


def story_id(number: int) -> str:
    """Return the id of a story of the archive."""
    return f"01900000-0000-7000-8000-{number:012x}"


def write_archive(database: Database) -> None:
    """Write the archive, and update the planner statistics of PostgreSQL."""
    documents = [_document(number) for number in range(STORIES)]
    with database.write() as session:
        store.insert_documents(session, documents)
        change = store.Change(EPOCH, "article", story_id(0), "upsert", "published", 1)
        store.append_to_log(session, [change])
    if database.dialect == "postgresql":
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))


def attributes(number: int) -> SelectionFields:
    """Return the attributes that select a story."""
    rng = random.Random(number)
    at = EPOCH + timedelta(minutes=number)
    return {
        "id": [story_id(number)],
        "category": [f"c{rng.randrange(8)}", f"c{8 + rng.randrange(2)}"],
        "source": [f"s{min(9, int(rng.paretovariate(0.7)))}"],
        "language": [rng.choice(("en", "en", "fr", "ar"))],
        "tag": [f"t{min(400, int(rng.paretovariate(0.5)))}"],
        "author": [f"a{rng.randrange(20)}"],
        "kind": [rng.choice(("news", "news", "opinion"))],
        "label": [rng.choice(("print", "web"))],
        "published_at": format_instant(at),
        "updated_at": format_instant(at),
    }


def _document(number: int) -> store.WholeDocument:
    selected_by = attributes(number)
    row = store.DocumentRow(
        id=story_id(number),
        slug=f"story-{number}",
        version=1,
        released=number < STORIES - SCHEDULED,
        offered_at=EPOCH + timedelta(minutes=number),
        published_at=EPOCH + timedelta(minutes=number),
        updated_at=EPOCH + timedelta(minutes=number),
        expires_at=None,
        source_id=selected_by["source"][0],
        language=selected_by["language"][0],
        kind=selected_by["kind"][0],
        translation_group=story_id(number),
        category_ids=",".join(selected_by["category"]),
        head=b'"a":1',
        tail=b'"b":2',
        extra=b'"c":3',
    )
    return store.WholeDocument(row, b'"body_text":"..."', build_terms(selected_by))
