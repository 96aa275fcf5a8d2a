"""The response to a write has warnings about removed parts of the body."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api.schemas.newsroom import ArticleWritten, BulkAnswer
from app.bootstrap import Services, bootstrap
from app.content.body_warnings import CODES
from app.delivery.consistency import find_inconsistencies
from app.kit import json
from tests.newsroom import Newsroom

FRAME = '<p>One</p>\n<iframe src="https://www.youtube.com/embed/x" title="Film"></iframe>'
HARMLESS = (
    '<section class="a" style="b"><p onclick="c">x</p></section><font color="red">y</font>'
    "<o:p>z</o:p>"
    '<img src="/a.png" class="b"><a href="/x" target="_blank">z</a><!-- c --><h2 id="d">e</h2>'
)


def find_warnings(answer: dict[str, Any]) -> list[tuple[str, str]]:
    for item in answer.get("warnings", []):
        assert item["pointer"] == "#/body"
        assert item["code"] in CODES
        assert len(item["detail"]) < 300
    return [(warning["code"], warning["detail"]) for warning in answer.get("warnings", [])]


GONE, STAYS = "removed, with what stands in it.", "removed; its text stays."
FOUND = [("element_removed", "<iframe> in line 2: replaced by a link.")]


def test_every_write_warns_of_removed_elements(newsroom: Newsroom) -> None:
    created = newsroom.article(body=FRAME)
    ArticleWritten.model_validate(created)
    assert find_warnings(created) == FOUND
    read = newsroom.call("GET", f"/articles/{created['id']}").json()
    assert "warnings" not in read
    assert '<a href="https://www.youtube.com/embed/x"' in read["body"]
    patched = newsroom.patch(created, body="<p>y</p>" + FRAME)
    assert find_warnings(patched) == FOUND
    headers = {"if-match": f'"v{patched["version"]}"'}
    document = {**patched, "body": FRAME, "title": "New"}
    put = newsroom.call("PUT", f"/articles/{created['id']}", json=document, headers=headers).json()
    assert find_warnings(put) == FOUND
    published = newsroom.verb(put, "publish")
    assert find_warnings(published) == []
    corrected = newsroom.verb(published, "correct", note="N", changes={"body": FRAME + "x"})
    assert find_warnings(corrected) == FOUND


def test_a_response_with_warnings_can_be_sent_back(newsroom: Newsroom) -> None:
    created = newsroom.article(body=FRAME)
    headers = {"if-match": f'"v{created["version"]}"'}
    response = newsroom.call("PUT", f"/articles/{created['id']}", json=created, headers=headers)
    assert response.status_code == 200, response.text
    assert find_warnings(response.json()) == []


@pytest.mark.parametrize(
    ("body", "details"),
    [
        (
            "<p>a</p>\n\n<script>x</script>b",
            [f"<script> in line 3: {GONE}"],
        ),
        (
            "<my-card>a</my-card>" * 3,
            [f"<my-card>, 3 times, first in line 1: {STAYS}"],
        ),
        ("\n<form>a</form>", [f"<form> in line 2: {STAYS}"]),
        ("<img src='data:x'>", ["<img> in line 1: removed, for it shows no picture."]),
        (
            "<a href='javascript:x'>a</a>",
            [
                "<a> in line 1: its address was removed, for it has a scheme that is not one of "
                "http, https, mailto, tel."
            ],
        ),
        (
            "<iframe src='https://a.example/1'></iframe>\n<a HREF='&#106;avascript:x'>a</a>",
            [
                "<iframe> in line 1: replaced by a link.",
                "<a> in line 2: its address was removed, for it has a scheme that is not one of "
                "http, https, mailto, tel.",
            ],
        ),
        (
            "<a href='https://[x'>a</a>",
            ["<a> in line 1: its address was removed, for it has no valid host."],
        ),
        (HARMLESS, []),
        ("", []),
    ],
)
def test_a_warning_names_element_and_position_and_omits_harmless_changes(
    body: str, details: list[str], newsroom: Newsroom
) -> None:
    assert [detail for _, detail in find_warnings(newsroom.article(body=body))] == details


def test_a_warning_in_markdown_names_the_preceding_words(newsroom: Newsroom) -> None:
    created = newsroom.story(
        body=f"# Head\n\nSome `<script>` words\n\n{FRAME}", body_format="markdown"
    )
    assert find_warnings(created) == [
        ("element_removed", "<iframe> after “One”: replaced by a link.")
    ]
    draft = newsroom.article(body=FRAME, body_format="markdown")
    assert len(find_warnings(newsroom.verb(draft, "publish"))) == 1


def test_the_number_and_length_of_warnings_are_limited(newsroom: Newsroom) -> None:
    body = "".join(f"<x-{number}{'a' * 300}>y</x-{number}{'a' * 300}>" for number in range(500))
    warnings = find_warnings(newsroom.article(body=body))
    assert len(warnings) == 21
    assert "480 more" in warnings[-1][1]


def test_imports_and_bulk_commands_return_warnings(newsroom: Newsroom) -> None:
    lines = [
        {
            "type": "article",
            "external_id": str(number),
            "language": "en",
            "title": "T",
            "body": body,
        }
        for number, body in enumerate((FRAME, HARMLESS, FRAME))
    ]
    content = b"".join(json.dumps(line) + b"\n" for line in lines)
    headers = {"content-type": "application/x-ndjson"}
    answer = newsroom.call("POST", "/import", content=content, headers=headers).text.splitlines()
    assert [find_warnings(json.loads(line)) for line in answer] == [FOUND, [], FOUND]
    stories = [newsroom.story(f"S{number}", body="<p>a</p>") for number in range(2)]
    order = {
        "verb": "correct",
        "refs": [*(story["id"] for story in stories), "none"],
        "body": {"note": "N", "changes": {"body": FRAME}},
    }
    response = newsroom.call("POST", "/articles/bulk", json=order)
    assert response.status_code == 200, response.text
    BulkAnswer.model_validate(response.json())
    assert [find_warnings(result) for result in response.json()["results"]] == [FOUND, FOUND, []]


def test_a_real_body_has_words_footnotes_and_search_results(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.source("Press", url="https://press.example/")
    body = (
        "<section>Alpha</section><section>Bravo</section><p>x<a id=r1 href='#n1'>1</a></p>"
        "<del>5</del><ins>6</ins> million<p id=n1>Note <a href='#r1'>back</a></p>"
        "<video src='/v.mp4' title='Film'></video>"
    )
    created = newsroom.story(body=body, source="press")
    shown = client.get(f"/v1/articles/{created['id']}").json()
    assert shown["body_text"] == "Alpha\nBravo\nx 1\n6 million\nNote back"
    assert shown["word_count"] == 8
    assert '<p id="n1">' in shown["body_html"]
    assert 'href="#n1"' in shown["body_html"]
    assert 'href="https://press.example/"' not in shown["body_html"]
    feed = client.get("/feeds/latest.json").json()["items"][0]
    assert feed["attachments"][0]["url"] == "https://press.example/v.mp4"


def test_frames_of_allowed_hosts_are_published_and_consistent(services: Services) -> None:
    from app.content.article import Article
    from app.content.commands.create_article import create_article
    from app.content.inputs import ArticleInput
    from app.content.text_computation import compute_text
    from app.delivery.rebuild import rebuild
    from app.kit.sql.unit_of_work import Actor, UnitOfWork

    settings = services.settings.model_copy(update={"frame_hosts": "youtube.com"})
    framing = bootstrap(settings, clock=services.clock, database=services.database)
    fields = {"title": "T", "language": "en", "status": "published"}
    written = [
        ArticleInput.model_validate({**fields, "body": FRAME, "body_format": form})
        for form in ("html", "markdown")
    ]

    def create(unit: UnitOfWork) -> list[Article]:
        return [create_article(unit, item)[0] for item in written]

    def wrong(frames: frozenset[str]) -> list[str]:
        with services.database.read() as session:
            inconsistencies = find_inconsistencies(
                session, services.clock.now(), lambda item: compute_text(item, frames)
            )
            return [flaw.detail for flaw in inconsistencies]

    articles = framing.runner.run(Actor(None, "tests"), create)
    for article in articles:
        body = framing.delivery.find_story(article.id).body or b""
        assert b"<iframe src=" in body
        assert b"sandbox=" in body
    assert wrong(framing.runner.options) == []
    assert len(wrong(frozenset())) == 2
    assert list(rebuild(services.runner)) == [(2, 2)]
    for article in articles:
        assert b"<iframe" not in (services.delivery.find_story(article.id).body or b"<iframe")
    assert wrong(frozenset()) == []
