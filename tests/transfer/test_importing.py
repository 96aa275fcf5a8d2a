"""Import: the object that a line matches, its changes, and repeated imports."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.content.transfer import importer
from app.kit import json
from app.kit.errors import InvalidInput
from tests.newsroom import Newsroom
from tests.transfer.helpers import (
    IMPORTER,
    export_all,
    find_last_serial,
    import_all,
    import_lines,
    list_inconsistencies,
    list_statuses,
    to_ndjson,
)

SOURCE = {"type": "source", "slug": "post", "name": "The Post", "url": "https://post.example"}
ASIA = {"type": "category", "slug": "asia", "name": "Asia"}
JAPAN = {"type": "category", "slug": "japan", "name": "Japan", "parent": "asia"}


def story(**fields: Any) -> dict[str, Any]:
    """Return the line of a published story."""
    return {
        "type": "article",
        "source": "post",
        "categories": ["japan"],
        "language": "en",
        "title": "A title",
        "body": '<p>Words <a href="/more">more</a></p>',
        "published_at": "2026-01-12T10:00:00Z",
        "status": "published",
    } | fields


def test_importing_a_file_again_changes_nothing(services: Services, newsroom: Newsroom) -> None:
    lines = to_ndjson(
        [SOURCE, ASIA, JAPAN]
        + [story(external_id=f"x-{number}", title=f"Story {number}") for number in range(30)]
        + [
            story(external_id="now", published_at=None),
            story(external_id="ahead", published_at="2027-01-01T00:00:00Z"),
            story(external_id="embargoed", embargo_until="2026-11-25T00:00:00Z"),
            story(external_id="over", expires_at="2026-02-01T00:00:00Z"),
            story(external_id="draft", status="draft", tags=["a", "A", "b"]),
            story(slug="markdown", body="*a* [b](/c)", body_format="markdown"),
            story(slug="texte", language="FR-ca", body="a\n\nb", body_format="text"),
            story(slug="übersetzt", language="de", translation_of="texte"),
        ]
    )
    assert set(list_statuses(import_lines(services, lines))) == {"created"}
    before, position = export_all(services), find_last_serial(services)
    assert set(list_statuses(import_lines(services, lines))) == {"unchanged"}
    assert (export_all(services), find_last_serial(services)) == (before, position)
    assert list_inconsistencies(services) == []


def test_a_line_matches_by_id_then_by_external_id_then_by_slug(services: Services) -> None:
    import_all(services, SOURCE, ASIA, JAPAN)
    first, second, third = import_all(
        services,
        story(slug="one", external_id="x-1"),
        story(slug="two", external_id="x-2"),
        story(slug="three", external_id="x-3"),
    )
    (outcome,) = import_all(services, story(id=first.id, external_id="x-new", title="By id"))
    assert (outcome.id, outcome.slug, outcome.status) == (first.id, "one", "updated")
    (outcome,) = import_all(services, story(external_id="x-2", slug="zwei", title="By external id"))
    assert (outcome.id, outcome.slug, outcome.status) == (second.id, "zwei", "updated")
    (outcome,) = import_all(services, story(slug="three", title="By slug"))
    assert (outcome.id, outcome.status) == (third.id, "updated")


def test_external_ids_belong_to_their_source(services: Services) -> None:
    import_all(services, SOURCE, SOURCE | {"slug": "courier", "name": "Courier"}, ASIA, JAPAN)
    outcomes = import_all(
        services,
        story(external_id="1"),
        story(external_id="1", source="courier"),
        story(external_id="1", source=None),
        story(external_id="1", source=None, title="Again"),
    )
    assert list_statuses(outcomes) == ["created", "created", "created", "updated"]
    assert len({outcome.id for outcome in outcomes}) == 3


def test_refused_lines_are_reported_and_the_others_are_imported(
    newsroom: Newsroom, client: TestClient
) -> None:
    lines = [
        *to_ndjson([SOURCE, ASIA, JAPAN]),
        b"not json\n",
        b'["an array"]\n',
        b'{"slug": "no-type"}\n',
        b'{"type": "podcast", "slug": "x"}\n',
        b"\n",
        *to_ndjson(
            [
                story(),
                story(slug="a", source="unknown-post"),
                story(slug="b", categories=["japan", "atlantis"]),
                story(slug="c", title=""),
                story(slug="d", colour="red"),
                story(slug="e", published_at="yesterday"),
                story(slug="Bad Slug"),
                story(slug="f", language="english"),
                story(slug="g", authors=[{"name": "A", "url": "ftp://x"}]),
                JAPAN | {"slug": "tokyo", "parent": "osaka"},
                story(slug="good"),
                story(slug="h", image=5),
            ]
        ),
        b'{"type": "article", "slug": "cut off',
    ]
    response = newsroom.call(
        "POST",
        "/import",
        content=b"".join(lines),
        headers={"content-type": "application/x-ndjson"},
    )
    results = [json.loads(line) for line in response.text.splitlines()]
    refused = {
        result["line"]: [error["pointer"] for error in result["problem"].get("errors", [])]
        for result in results
        if result["status"] == "refused"
    }
    assert refused == {
        4: [],
        5: [],
        6: [],
        7: [],
        9: ["#/external_id"],
        10: ["#/source"],
        11: ["#/categories/1"],
        12: ["#/title"],
        13: ["#/colour"],
        14: ["#/published_at"],
        15: ["#/slug"],
        16: ["#/language"],
        17: ["#/authors/0/url"],
        18: ["#/parent"],
        20: ["#/image"],
        21: [],
    }
    assert all(result["problem"]["detail"] for result in results if result["status"] == "refused")
    assert [result["line"] for result in results] == [*range(1, 8), *range(9, 22)]
    assert [line["slug"] for line in client.get("/v1/headlines").json()["data"]] == ["good"]


def test_a_dry_run_has_the_same_outcomes_and_writes_nothing(services: Services) -> None:
    lines = to_ndjson(
        [
            SOURCE,
            ASIA,
            JAPAN,
            *(story(slug=f"s-{number}") for number in range(12)),
            story(slug="late", source="nobody"),
            story(slug="again", language="fr", translation_of="s-1"),
        ]
    )
    dry = import_lines(services, lines, dry_run=True)
    assert export_all(services) == []
    assert find_last_serial(services) == 0
    real = import_lines(services, lines)
    assert list_statuses(dry) == list_statuses(real)
    assert list_statuses(real).count("refused") == 1


def test_a_dry_run_knows_the_sources_of_earlier_batches(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH_LINES", 4)
    lines = to_ndjson([SOURCE, ASIA, JAPAN, *(story(slug=f"s-{number}") for number in range(12))])
    assert set(list_statuses(import_lines(services, lines, dry_run=True))) == {"created"}
    assert export_all(services) == []


def test_a_batch_is_limited_in_lines_and_in_bytes() -> None:
    short = list(importer.group_batches(enumerate([b"x"] * 1_201, 1)))
    assert [len(batch) for batch in short] == [500, 500, 201]
    assert [number for batch in short for number, _ in batch] == list(range(1, 1_202))
    long = list(importer.group_batches(enumerate([b"x" * 2_000_000] * 5, 1)))
    assert [len(batch) for batch in long] == [3, 2]
    assert list(importer.group_batches(iter(()))) == []


def test_outcomes_are_returned_after_the_commit_of_their_batch(services: Services) -> None:
    lines_importer = importer.Importer(services.runner, IMPORTER)
    lines = to_ndjson(
        [SOURCE, ASIA, JAPAN, *(story(slug=f"s-{number}") for number in range(1_000))]
    )
    count = 0
    for batch in lines_importer.run(lines):
        count += len(batch)
        assert len(export_all(services)) == count
    assert count == 1_003


def test_a_line_may_refer_to_an_earlier_line_of_its_batch(services: Services) -> None:
    outcomes = import_all(
        services,
        SOURCE,
        ASIA,
        JAPAN,
        story(slug="first"),
        story(slug="première", language="fr", translation_of="first"),
        story(slug="first", title="Changed at once"),
        SOURCE | {"name": "The Evening Post"},
        story(external_id="x", slug="old-name"),
        story(external_id="x", slug="new-name", title="Renamed"),
        story(external_id="y", title="Same title"),
        story(external_id="z", title="Same title"),
    )
    assert [outcome.slug for outcome in outcomes[-2:]] == ["same-title", "same-title-2"]
    assert list_statuses(outcomes)[3:9] == [
        *("created", "created", "updated", "updated", "created", "updated"),
    ]
    assert list_inconsistencies(services) == []


def test_a_dry_run_line_may_refer_to_a_story_of_an_earlier_batch(services: Services) -> None:
    original = story(source=None, categories=[], external_id="0", slug="a")
    fillers = [
        {**original, "slug": f"f-{number}", "external_id": f"f{number}"}
        for number in range(importer.BATCH_LINES)
    ]
    other = {**original, "slug": "b", "external_id": "1", "translation_of": "a"}
    lines = [json.dumps(story) for story in (original, *fillers, other)]
    dry_run = importer.Importer(services.runner, IMPORTER, dry_run=True)
    outcomes = [outcome for batch in dry_run.run(lines) for outcome in batch]
    assert {outcome.status for outcome in outcomes} == {"created"}


@pytest.mark.parametrize("state", ["scheduled", "published", "expired"])
def test_a_line_of_a_published_story_needs_published_at(services: Services, state: str) -> None:
    import_all(services, SOURCE, ASIA, JAPAN)
    line = story(slug="a", state=state, published_at=None)
    copy = {"language": "en", "title": "Public", "version": 1}
    behind = story(slug="b", state=state, version=2, public=copy)
    first, second, third = import_lines(services, to_ndjson([line, behind, story(slug="c")]))
    for outcome, pointer in ((first, "#/published_at"), (second, "#/public/published_at")):
        assert isinstance(outcome.error, InvalidInput)
        assert [(error.pointer, error.code) for error in outcome.error.errors] == [
            (pointer, "required")
        ]
    assert third.status == "created"
    assert list_inconsistencies(services) == []


def test_a_line_of_a_published_story_needs_only_published_at(
    services: Services, client: TestClient
) -> None:
    import_all(services, SOURCE, ASIA, JAPAN, story(slug="a", state="published"))
    document = client.get("/v1/articles/a").json()
    assert document["updated_at"] == document["published_at"] == "2026-01-12T10:00:00Z"


def test_a_line_of_a_deleted_story_is_imported_as_deleted(
    services: Services, newsroom: Newsroom
) -> None:
    import_all(services, SOURCE, ASIA, JAPAN, story(slug="a", state="deleted"))
    assert newsroom.call("GET", "/articles/a").json()["state"] == "deleted"


def test_times_of_corrections_are_exported_unchanged(services: Services) -> None:
    at = ["2026-11-02T08:00:00.727Z", "2026-11-02T08:00:00Z", "2026-11-02T08:00:00.123456Z"]
    notes = [{"at": time, "note": "A note."} for time in at]
    import_all(services, SOURCE, ASIA, JAPAN, story(slug="a", state="published", corrections=notes))
    lines = [json.loads(line) for line in export_all(services)]
    assert lines[-1]["corrections"] == notes
