"""Texts of one or several lines have no control characters, and normalized white space."""

from typing import Any

import pytest

from tests.api.reading import read
from tests.newsroom import Newsroom

MESSY, CLEAN = "\x07\x1b A\x9d \t\r\n messy\x7f\x0b line \x85", "A messy line"
ONE_LINE: dict[str, Any] = {
    "title": MESSY,
    "dateline": MESSY,
    "tags": [MESSY, CLEAN],
    "authors": [{"name": MESSY, "url": None}],
    "image": {"url": "https://site.example/a.jpg", "credit": MESSY},
    "rights": {"holder": MESSY, "licence": MESSY},
}
SEVERAL, LINES = " \x1b[1mOne \r\n\r\n\ttwo\x9c\x08 ", "[1mOne \n\n\ttwo"


@pytest.fixture(params=["sqlite"])
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_text_of_one_line_is_cleaned(newsroom: Newsroom) -> None:
    article = newsroom.story(**ONE_LINE)
    assert (article["title"], article["slug"]) == (CLEAN, "a-messy-line")
    assert (article["dateline"], article["tags"]) == (CLEAN, [CLEAN])
    assert article["authors"][0]["name"] == article["image"]["credit"] == CLEAN
    assert (article["rights"]["holder"], article["rights"]["licence"]) == (CLEAN, CLEAN)
    patched = newsroom.patch(article, title=f"New\n{MESSY}")
    assert patched["title"] == f"New {CLEAN}"


def test_names_are_cleaned(newsroom: Newsroom) -> None:
    assert newsroom.source(MESSY)["name"] == CLEAN
    category = newsroom.category(MESSY, names={"fr": MESSY})
    assert (category["name"], category["names"]) == (CLEAN, {"fr": CLEAN})
    key = newsroom.call("POST", "/keys", json={"name": MESSY, "scopes": ["read"]}).json()
    assert key["name"] == CLEAN


def test_texts_of_several_lines_keep_their_lines(newsroom: Newsroom) -> None:
    article = newsroom.story(
        summary=SEVERAL,
        image={"url": "https://site.example/a.jpg", "alt": SEVERAL},
        rights={"usage_terms": SEVERAL},
    )
    assert (article["summary"], article["image"]["alt"]) == (LINES, LINES)
    assert article["rights"]["usage_terms"] == LINES
    assert newsroom.source("S", description=SEVERAL)["description"] == LINES


def test_notices_to_readers_are_cleaned(newsroom: Newsroom) -> None:
    article = newsroom.verb(newsroom.story(), "correct", note=SEVERAL)
    assert article["corrections"][0]["note"] == LINES
    assert newsroom.verb(article, "kill", notice=SEVERAL)["notice"] == LINES
    other = newsroom.verb(newsroom.story(), "unpublish", answer="gone", notice=SEVERAL)
    assert other["notice"] == LINES


def test_an_import_cleans_texts_like_the_api(newsroom: Newsroom) -> None:
    line = {"type": "article", "external_id": "1", "language": "en", "status": "published"}
    done = newsroom.client.post(
        "/v1/manage/import",
        json={**line, **ONE_LINE},
        headers={**newsroom.headers, "content-type": "application/x-ndjson"},
    )
    assert done.is_success, done.text
    (story,) = read(newsroom.client, "/v1/articles?fields=title,tags,id")["data"]
    assert (story["title"], story["tags"]) == (CLEAN, [CLEAN])


@pytest.mark.parametrize("text", ["\x07", " \x1b\x9d\n", "\x85\u2028"])
def test_a_title_without_visible_characters_is_refused(newsroom: Newsroom, text: str) -> None:
    response = newsroom.call("POST", "/articles", json={"title": text, "language": "en"})
    assert response.status_code == 422
    assert [error["code"] for error in response.json()["errors"]] == ["too_short"]


def test_punctuation_is_not_counted_as_words(newsroom: Newsroom) -> None:
    story = newsroom.story(body="<p>«\u00a0Bonjour\u00a0!\u00a0» — dit-il ; puis : rien…</p>")
    document = read(newsroom.client, f"/v1/articles/{story['id']}")
    assert (document["word_count"], document["reading_minutes"]) == (4, 1)
    thai = newsroom.story(body="<p>" + "ข่าว" * 775 + "</p>", language="th")
    document = read(newsroom.client, f"/v1/articles/{thai['id']}")
    assert 600 < document["word_count"] < 800
    assert document["reading_minutes"] in {3, 4}
