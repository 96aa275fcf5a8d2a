"""Rendering: only the fields on the allow-list are public."""

from dataclasses import fields, make_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.content.article import Article
from app.content.taxonomy import Category, Source
from app.content.text_computation import compute_text
from app.delivery.rendering import (
    RenderedStory,
    build_attributes,
    render_article,
    render_category,
    render_source,
)
from app.kit import json

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = "for the newsroom alone"

PUBLIC = {
    *("id slug kind language version title summary url published_at updated_at".split()),
    *("tags authors image urgency first_published_at dateline word_count".split()),
    *("digital_source_type reading_minutes rights corrections body_html body_text".split()),
}

ARTICLE = Article(
    id="0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44",
    slug="a-story",
    stage="published",
    version=3,
    published_version=3,
    source_id=None,
    external_id=SECRET,
    kind="news",
    language="fr-CA",
    title="A story",
    summary=None,
    body="<p>One <b>two</b> three</p>",
    body_format="html",
    body_base=None,
    url=None,
    categories=[],
    tags=["Été", "ÉTÉ 2026"],
    authors=[{"name": "Nadia Óscar", "url": None, "telephone": SECRET}],
    image={"url": "https://x.example/a.jpg", "alt": "a", "path_on_disk": SECRET},
    rights={"holder": "Us", "licence": None, "contract": SECRET},
    corrections=[{"at": "2026-11-22T12:00:00Z", "note": "n", "by": SECRET}],
    dateline="RABAT",
    urgency=4,
    translation_of=None,
    published_at=NOW,
    expires_at=NOW + timedelta(days=1),
    embargo_until=None,
    first_published_at=NOW - timedelta(days=1),
    updated_at=NOW,
    created_at=NOW,
    modified_at=NOW,
    deleted_at=None,
)


def members(rendered: RenderedStory) -> dict[str, Any]:
    """Join the rendered parts."""
    pieces = (rendered.head, rendered.tail, rendered.extra, rendered.body)
    whole: dict[str, Any] = json.loads(b"{" + b",".join(pieces) + b"}")
    return whole


def render_now(article: Article) -> RenderedStory:
    return render_article(article, compute_text(article))


def test_a_rendered_story_has_exactly_the_public_fields() -> None:
    assert members(render_now(ARTICLE)).keys() == PUBLIC


def test_a_new_article_field_is_not_rendered() -> None:
    wider = make_dataclass(
        "Wider", [("editors_note", str)], bases=(Article,), frozen=True, slots=True, kw_only=True
    )
    values = {field.name: getattr(ARTICLE, field.name) for field in fields(ARTICLE)}
    rendered = render_now(wider(**values, editors_note=SECRET))
    assert rendered == render_now(ARTICLE)


def test_a_new_field_of_a_nested_value_is_not_rendered() -> None:
    whole = members(render_now(ARTICLE))
    assert SECRET not in json.dumps_text(whole)
    assert whole["authors"] == [{"name": "Nadia Óscar", "url": None}]
    assert whole["image"].keys() == {*("url alt credit width height digital_source_type").split()}
    assert whole["rights"].keys() == {"holder", "usage_terms", "licence"}
    assert whole["corrections"] == [{"at": "2026-11-22T12:00:00Z", "note": "n"}]


def test_words_and_minutes_are_counted() -> None:
    whole = members(render_now(ARTICLE))
    assert (whole["word_count"], whole["reading_minutes"]) == (3, 1)
    long = replace(ARTICLE, body="<p>" + "word " * 231 + "</p>")
    assert members(render_now(long))["reading_minutes"] == 2
    empty = members(render_now(replace(ARTICLE, body="")))
    assert (empty["word_count"], empty["reading_minutes"]) == (0, 0)


def test_a_story_is_selected_by_folded_tags_and_every_language_range() -> None:
    attributes = build_attributes(ARTICLE, ["morocco", "africa"])
    assert attributes["tag"] == ["été", "été 2026"]
    assert attributes["author"] == ["nadia óscar"]
    assert attributes["language"] == ["fr", "fr-ca"]
    assert attributes["category"] == ["morocco", "africa"]
    assert attributes["source"] == []


def test_rendered_sources_and_categories_have_exactly_their_public_fields() -> None:
    stamps: dict[str, Any] = {"version": 7, "created_at": NOW, "modified_at": NOW}
    source = Source(id="s", slug="s", name="S", url=None, description="d", language="en", **stamps)
    category = Category(id="c", slug="c", name="C", names={"fr": "Cé"}, parent_id="p", **stamps)
    brief, whole = map(json.loads, render_source(source))
    assert brief.keys() == {"id", "slug", "name", "url"}
    assert whole.keys() == brief.keys() | {"description", "language"}
    brief, whole = map(json.loads, render_category(category))
    assert brief.keys() == {"id", "slug", "name"}
    assert whole.keys() == brief.keys() | {"names"}
