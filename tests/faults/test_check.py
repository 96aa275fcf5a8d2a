"""`dateline check` reports inconsistencies, and `dateline rebuild` corrects them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from app.bootstrap import Services
from app.content.models import ArticleRow, RevisionRow
from app.delivery import store
from app.delivery.models import Document, DocumentBody, DocumentTerm, LogRow, TaxonomyRecord
from app.kit.ids import new_id
from app.kit.sql.database import Database
from app.kit.sql.schema import table_of
from tests.faults.commandline import CommandResult, assert_consistent, dateline
from tests.newsroom import Newsroom

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive_on("postgresql")]


@dataclass(frozen=True, slots=True)
class Newspaper:
    """Two public stories, one of which has a newer draft, and the objects that they refer to."""

    story: dict[str, Any]
    edited: dict[str, Any]
    source: dict[str, Any]
    category: dict[str, Any]


@pytest.fixture
def newspaper(newsroom: Newsroom) -> Newspaper:
    """A small newspaper with consistent data."""
    source = newsroom.source("Agency", url="https://agency.example")
    above = newsroom.category("Africa")
    category = newsroom.category("Morocco", parent=above["slug"])
    links = {"source": source["slug"], "categories": [category["slug"]], "tags": ["Rabat"]}
    story = newsroom.story("A story", body="<p>Once.</p>", **links)
    edited = newsroom.patch(newsroom.story("Another story", **links), title="A newer draft")
    return Newspaper(story, edited, source, category)


Damage = Callable[[Connection, Newspaper], None]


def _bytes_of_a_document(connection: Connection, paper: Newspaper) -> None:
    statement = update(Document).where(Document.id == paper.story["id"])
    connection.execute(statement.values(head=b'"title":"Forged"'))


def _body_of_a_document(connection: Connection, paper: Newspaper) -> None:
    connection.execute(delete(DocumentBody).where(DocumentBody.id == paper.story["id"]))


def _version_of_a_document(connection: Connection, paper: Newspaper) -> None:
    connection.execute(
        update(Document)
        .where(Document.id == paper.story["id"])
        .values(version=Document.version + 1)
    )


def _term_lost(connection: Connection, paper: Newspaper) -> None:
    own = DocumentTerm.id == paper.story["id"]
    connection.execute(delete(DocumentTerm).where(own, DocumentTerm.field == "category"))


def _term_added(connection: Connection, paper: Newspaper) -> None:
    terms = table_of(DocumentTerm)
    own = select(terms).where(terms.c.id == paper.story["id"])
    row = dict(connection.execute(own).mappings().first() or {})
    connection.execute(insert(terms), row | {"field": "tag", "value": "forged"})


def _document_lost(connection: Connection, paper: Newspaper) -> None:
    for model in (DocumentTerm, DocumentBody, Document):
        connection.execute(delete(model).where(model.id == paper.story["id"]))


def _document_without_an_article(connection: Connection, paper: Newspaper) -> None:
    documents = table_of(Document)
    own = select(documents).where(documents.c.id == paper.story["id"])
    row = dict(connection.execute(own).mappings().first() or {})
    connection.execute(insert(documents), row | {"id": new_id(), "slug": "stray"})


def _document_of_a_draft(connection: Connection, paper: Newspaper) -> None:
    statement = update(ArticleRow).where(ArticleRow.id == paper.story["id"])
    connection.execute(statement.values(stage="draft", published_version=None))


def _log_without_its_last_row(connection: Connection, paper: Newspaper) -> None:
    rows = select(LogRow.serial).order_by(LogRow.serial.desc()).limit(1)
    connection.execute(delete(LogRow).where(LogRow.serial == connection.scalar(rows)))


def _entry_differs(connection: Connection, paper: Newspaper) -> None:
    statement = update(TaxonomyRecord).where(TaxonomyRecord.id == paper.source["id"])
    connection.execute(statement.values(brief=b'{"name":"Forged"}'))


def _entry_lost(connection: Connection, paper: Newspaper) -> None:
    connection.execute(delete(TaxonomyRecord).where(TaxonomyRecord.id == paper.source["id"]))


def _entry_in_another_place(connection: Connection, paper: Newspaper) -> None:
    statement = update(TaxonomyRecord).where(TaxonomyRecord.id == paper.category["id"])
    connection.execute(statement.values(parent_id=None))


def _entry_without_a_source(connection: Connection, paper: Newspaper) -> None:
    row = {"type": "source", "id": new_id(), "slug": "stray", "name": "Stray", "parent_id": None}
    connection.execute(insert(TaxonomyRecord), row | {"brief": b"{}", "whole": b"{}"})


_MENDED: list[tuple[Damage, str]] = [
    (_bytes_of_a_document, "the document differs in head"),
    (_body_of_a_document, "the document differs in body"),
    (_version_of_a_document, "the document differs in version"),
    (_term_lost, "the document differs in terms"),
    (_term_added, "the document differs in terms"),
    (_document_lost, "the story is published and has no document"),
    (_document_without_an_article, "a document is public that no article stands behind"),
    (_document_of_a_draft, "a document is public that should not be"),
    (_log_without_its_last_row, "the change log does not end with what is public"),
    (_entry_differs, "the public entry of the source differs from it"),
    (_entry_lost, "the public entry of the source differs from it"),
    (_entry_in_another_place, "the public entry of the category differs from it"),
    (_entry_without_a_source, "the public entry of the source differs from it"),
]


@pytest.mark.parametrize(
    ("damage", "words"), _MENDED, ids=[item.__name__.strip("_") for item, _ in _MENDED]
)
def test_damaged_documents_are_reported_and_corrected(
    damage: Damage, words: str, newspaper: Newspaper, services: Services
) -> None:
    url = services.settings.database_url
    assert_consistent(url)
    _act(services.database, damage, newspaper)
    _assert_named(dateline("check", database_url=url), words)
    mended = dateline("rebuild", database_url=url)
    assert mended.code == 0, mended.err
    assert_consistent(url)
    _assert_public(services, newspaper, gone=damage is _document_of_a_draft)


def test_a_lost_revision_is_reported_and_rebuild_removes_nothing(
    newspaper: Newspaper, services: Services
) -> None:
    url = services.settings.database_url
    _act(services.database, _revision_lost(newspaper.story["id"], 1), newspaper)
    _assert_named(dateline("check", database_url=url), "has no snapshot of its version")
    dateline("rebuild", database_url=url)
    _assert_public(services, newspaper)


def test_a_lost_public_version_is_reported_and_rebuild_removes_nothing(
    newspaper: Newspaper, services: Services
) -> None:
    url = services.settings.database_url
    _act(services.database, _revision_lost(newspaper.edited["id"], 1), newspaper)
    _assert_named(dateline("check", database_url=url), "snapshot of the public version is missing")
    dateline("rebuild", database_url=url)
    _assert_public(services, newspaper)


def test_a_truncated_log_gets_its_missing_rows_again(
    newsroom: Newsroom, newspaper: Newspaper, services: Services
) -> None:
    url = services.settings.database_url
    newsroom.verb(newspaper.story, "unpublish")
    _act(services.database, _log_without_its_last_row, newspaper)
    _assert_named(
        dateline("check", database_url=url), "the change log ends with a story that is not public"
    )
    assert dateline("rebuild", database_url=url).code == 0
    assert_consistent(url)
    with services.database.read() as session:
        (last,) = store.load_changes(session, 0, 100)[-1:]
    assert (last.op, last.reason, last.id) == ("remove", "unpublished", newspaper.story["id"])
    assert last.before is not None
    assert last.before["category"]
    _assert_public(services, newspaper, gone=True)


def test_many_errors_are_counted_and_the_first_ones_shown(
    newsroom: Newsroom, services: Services
) -> None:
    for number in range(55):
        newsroom.story(f"Story {number}")
    with services.database.engine.connect() as connection, connection.begin():
        connection.execution_options(dateline_begins="BEGIN IMMEDIATE")
        connection.execute(update(Document).values(head=b"{}"))
    report = dateline("check", database_url=services.settings.database_url)
    expected = (
        "55 thing(s) are wrong. `dateline rebuild` repairs documents, `dateline reindex` the index."
    )
    _assert_named(report, expected)
    assert len(report.err.splitlines()) == 51


def _revision_lost(article_id: str, version: int) -> Damage:
    def act(connection: Connection, _: Newspaper) -> None:
        own = (RevisionRow.article_id == article_id, RevisionRow.version == version)
        connection.execute(delete(RevisionRow).where(*own))

    return act


def _act(database: Database, damage: Damage, paper: Newspaper) -> None:
    with database.engine.connect() as connection, connection.begin():
        damage(connection, paper)


def _assert_named(ended: CommandResult, words: str) -> None:
    assert ended.code == 1, ended
    assert words in ended.err, ended.err
    assert "Traceback" not in ended.err


def _assert_public(services: Services, paper: Newspaper, *, gone: bool = False) -> None:
    """The stories are as they were published, whatever was repaired."""
    story = services.delivery.find_story(paper.story["id"])
    assert (story.body is None) is gone
    if story.body is not None:
        for words in (b'"title":"A story"', b"Once.", b'"name":"Agency"', b'"slug":"morocco"'):
            assert words in story.body
    other = services.delivery.find_story(paper.edited["id"])
    assert other.body is not None
    assert b'"title":"Another story"' in other.body
