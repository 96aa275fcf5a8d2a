"""A document is replaced in place, and its terms only if they differ."""

import pytest
from sqlalchemy import String, delete, literal_column, select, update

from app.bootstrap import Services
from app.delivery.models import DocumentBody, DocumentTerm, Redirect, StoryTombstone
from app.delivery.rebuild import rebuild
from app.delivery.rendering import Term
from app.kit.sql.schema import table_of
from app.kit.sql.statement import Query
from tests.api.reading import titles
from tests.databases import count_queries
from tests.faults.commandline import assert_consistent
from tests.newsroom import Newsroom


def _terms(services: Services) -> set[tuple[str, str]]:
    with services.database.read() as session:
        terms: Query[Term] = Query(select(DocumentTerm.field, DocumentTerm.value))
        return set(session.all(terms))


def _find_written_tables(sent: list[str]) -> set[str]:
    """Return the tables that statements wrote to."""
    writes = [
        statement.split() for statement in sent if not statement.startswith(("SELECT", "WITH"))
    ]
    return {words[1] if words[0] == "UPDATE" else words[2] for words in writes}


def test_terms_are_written_only_if_they_differ(newsroom: Newsroom, services: Services) -> None:
    story = newsroom.story("One", tags=["Budget"])
    terms = table_of(DocumentTerm).name
    with count_queries(services.database) as sent:
        story = newsroom.verb(story, "correct", note="N.", changes={"title": "Two"})
    assert terms not in _find_written_tables(sent)
    assert titles(newsroom.client, "/v1/headlines?tag=budget") == ["Two"]
    with count_queries(services.database) as sent:
        newsroom.verb(story, "correct", note="N.", changes={"tags": ["Vote"]})
    assert terms in _find_written_tables(sent)
    assert ("tag", "vote") in _terms(services)
    assert ("tag", "budget") not in _terms(services)
    assert titles(newsroom.client, "/v1/headlines?tag=budget") == []


def test_a_text_is_written_only_if_it_differs(newsroom: Newsroom, services: Services) -> None:
    story = newsroom.story("One", body="Words.")
    for verb, fields, written in (
        ("correct", {"note": "N.", "changes": {"title": "Two"}}, False),
        ("correct", {"note": "N.", "changes": {"body": "Other words."}}, True),
        ("unpublish", {}, False),
    ):
        with count_queries(services.database) as sent:
            story = newsroom.verb(story, verb, **fields)
        (update_,) = (statement for statement in sent if statement.startswith("UPDATE articles"))
        assert (" body=" in update_) is written
    newsroom.verb(story, "publish")
    document = newsroom.client.get("/v1/articles/one").json()
    assert (document["title"], document["body_text"]) == ("Two", "Other words.")


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_body_is_written_only_if_it_differs(newsroom: Newsroom, services: Services) -> None:
    story = newsroom.story("One", body="Words.")
    writer = select(literal_column("xmin").cast(String)).select_from(table_of(DocumentBody))
    writers = []
    for changes in ({}, {"title": "Two"}, {"body": "Other words."}):
        story = newsroom.verb(story, "correct", note="N.", changes=changes)
        with services.database.read() as session:
            writers.append(session.scalar(writer))
    assert writers[0] == writers[1] != writers[2]


def test_terms_have_the_publication_time(newsroom: Newsroom, services: Services) -> None:
    first = newsroom.story("First", tags=["t"], published_at="2026-11-20T10:00:00Z")
    newsroom.story("Second", tags=["t"], published_at="2026-11-21T10:00:00Z")
    assert titles(newsroom.client, "/v1/headlines?tag=t") == ["Second", "First"]
    newsroom.verb(first, "publish", published_at="2026-11-22T10:00:00Z")
    assert titles(newsroom.client, "/v1/headlines?tag=t") == ["First", "Second"]


def test_lost_terms_and_bodies_are_repaired(newsroom: Newsroom, services: Services) -> None:
    source = newsroom.source("The Post")["slug"]
    newsroom.story("One", source=source, body="Words.")
    whole = _terms(services)
    for broken in (
        delete(DocumentTerm).where(DocumentTerm.field == "source+language"),
        delete(DocumentTerm),
        delete(DocumentBody),
        update(DocumentTerm).where(DocumentTerm.field == "kind").values(value="other"),
    ):
        with services.database.write() as session:
            session.execute(broken)
        for _ in rebuild(services.runner):
            pass
        assert _terms(services) == whole
        assert "Words." in newsroom.client.get("/v1/articles/one").json()["body_html"]
    assert_consistent(services.settings.database_url)


def test_a_republished_story_deletes_its_tombstone(newsroom: Newsroom, services: Services) -> None:
    story = newsroom.story("One")
    story = newsroom.verb(story, "unpublish", answer="gone", notice="Wait.")
    with services.database.read() as session:
        assert session.scalars(select(StoryTombstone.id))
        assert session.scalars(select(Redirect.slug)) != []
    newsroom.verb(story, "publish")
    with services.database.read() as session:
        assert session.scalars(select(StoryTombstone.id)) == []
        assert session.scalars(select(Redirect.slug)) == []


def test_deleting_a_document_deletes_its_body_and_terms(
    newsroom: Newsroom, services: Services
) -> None:
    newsroom.verb(newsroom.story("One", tags=["t"]), "unpublish")
    with services.database.read() as session:
        assert session.scalars(select(DocumentBody.id)) == []
    assert _terms(services) == set()
