"""Footnotes: ids that links refer to stay, are safe, and links stay in the story."""

import pytest

from app.content.body_text import render_text, sanitise_html

REL = ' rel="noopener noreferrer"'
PAGE = "https://press.example/story"
HOME = "https://press.example/"


@pytest.mark.parametrize("base", [None, PAGE, HOME])
@pytest.mark.parametrize(
    "name", ["n1", "fn:1", "_ftn1", "cite_note-3", "1", "fnref-12.a", "ßé1", "sdfootnote1sym"]
)
def test_footnotes_and_their_back_links_stay_in_the_story(base: str | None, name: str) -> None:
    mark = f'<p>x<a id="r-{name}" href="#{name}">1</a></p>'
    written = f'{mark}<p id="{name}">N <a href="#r-{name}">b</a></p>'
    clean = sanitise_html(written, base)
    assert f'<p id="{name}">' in clean
    assert f'href="#{name}"' in clean
    assert f'<a id="r-{name}" href="#{name}"' in clean
    assert f'<a href="#r-{name}"' in clean
    assert sanitise_html(clean, base) == clean


@pytest.mark.parametrize(
    ("markup", "clean"),
    [
        ('<p id="n1">a</p>', "<p>a</p>"),
        ('<a href="#n2">1</a><p id="n1">a</p>', f'<a href="#n2"{REL}>1</a><p>a</p>'),
        (
            '<a href="#n1">1</a><p id="n1">a</p><p id="n1">b</p>',
            f'<a href="#n1"{REL}>1</a><p id="n1">a</p><p>b</p>',
        ),
        # Words without a number may be names that scripts use.
        (
            '<a href="#config">1</a><p id="config">a</p>',
            f'<a href="#story-config"{REL}>1</a><p id="story-config">a</p>',
        ),
        (
            '<a href="#story-a">1</a><p id="story-a">a</p>',
            f'<a href="#story-a"{REL}>1</a><p id="story-a">a</p>',
        ),
        ('<a href="#n1">1</a><a name="n1">a</a>', f'<a href="#n1"{REL}>1</a><a id="n1"{REL}>a</a>'),
        ('<A HREF="#n1">1</A><A NAME="n1">a</A>', f'<a href="#n1"{REL}>1</a><a id="n1"{REL}>a</a>'),
        ('<a href="#n%201">1</a><p id="n 1">a</p>', f'<a href="#n%201"{REL}>1</a><p>a</p>'),
        (
            '<a href="#%C3%A91">1</a><p id="é1">a</p>',
            f'<a href="#%C3%A91"{REL}>1</a><p id="é1">a</p>',
        ),
        (
            '<a href="#n&amp;1">1</a><p id="n&amp;1">a',
            f'<a href="#n&amp;1"{REL}>1</a><p id="n&amp;1">a</p>',
        ),
        ('<a href="#n1">1</a><img name="n1" src="/a">', f'<a href="#n1"{REL}>1</a><img src="/a">'),
    ],
)
def test_only_safe_unique_ids_that_links_refer_to_are_kept(markup: str, clean: str) -> None:
    assert sanitise_html(markup) == clean
    assert sanitise_html(clean) == clean


@pytest.mark.parametrize(
    ("href", "resolved"),
    [
        ("#n1", "#n1"),
        (f"{PAGE}#n1", "#n1"),
        ("story#n1", "#n1"),
        ("/story#n1", "#n1"),
        ("https://other.example/story#n1", "https://other.example/story#n1"),
        (f"{PAGE}?page=2#n1", f"{PAGE}?page=2#n1"),
        ("#n9", f"{PAGE}#n9"),
        (f"{PAGE}#word", "#story-word"),
    ],
)
def test_a_link_to_the_story_itself_becomes_a_fragment(href: str, resolved: str) -> None:
    body = f'<a href="{href}">1</a><p id="n1">a</p><p id="word">b</p>'
    text = render_text(body, "html").resolve(PAGE)
    assert f'href="{resolved}"' in text.markup
    assert text.resolve(PAGE).markup == text.markup
