"""The note of a correction is in every format of a story."""

import html

import pytest

from app.syndication.formats import FEEDS, STORIES
from tests.syndication.formats.examples import feed, item
from tests.syndication.formats.validator import find_errors

_NOTE = "There are eleven & not <twelve>."


@pytest.mark.parametrize("body", ["<p>Hives.</p>", ""])
def test_corrections_are_in_every_format(body: str) -> None:
    story = item(body_html=body, corrections=[{"at": "2026-01-13T08:30:00Z", "note": _NOTE}])
    documents = {ext: form.render(feed(story)) for ext, form in FEEDS.items()}
    documents |= {ext: form.render(story) for ext, form in STORIES.items()}
    for ext, text in documents.items():
        # In Markdown and HTML some of its characters are escaped.
        plain = html.unescape(text.decode()).replace("\\", "")
        assert _NOTE in plain.replace("u003c", "<").replace("u003e", ">"), ext
        assert "2026-01-13" in plain, ext
    for ext in ("rss", "atom"):
        assert find_errors(documents[ext]) == []
