"""The cost of a body: hostile bodies of every format are refused, or are rendered quickly.

Times are limits far above the measured ones, for busy machines; steps are counted.
"""

import contextlib
import time
from collections.abc import Callable

import pytest

from app.content import markdown
from app.content.body_limits import MOST_ATTRIBUTES, BodyLimitExceeded
from app.content.body_text import render_text
from app.content.markdown import MOST_STEPS, render_markdown

LARGEST = 4_000_000
# Seconds of processor time. Without limits each of these takes minutes.
CEILING = 8.0
HTML: dict[str, Callable[[int], str]] = {
    "ampersands": lambda n: "&" * n,
    "ampersands in an attribute": lambda n: f'<p title="{"&" * n}">',
    "ampersands twice": lambda n: f"<section>{'&' * n}",
    "half references": lambda n: "&a " * (n // 3),
    "brackets": lambda n: "<" * n,
    "spaces that do not break": lambda n: "\xa0" * n,
    "middle dots": lambda n: "·" * n,
    "guillemets": lambda n: "«a»" * (n // 3),
    "attributes": lambda n: f"<p {' '.join(f'a{i}=1' for i in range(n // 8))}>",
    "attributes after a bracket": lambda n: f'<p a=">" {"b c " * (n // 4)}>',
    "attributes after a name": lambda n: f'<p ="><p {" ".join(f"a{i}" for i in range(n // 8))}>',
    "attributes to the end": lambda n: f"<p {' '.join(f'a{i}' for i in range(n // 8))}",
    "tags in attributes": lambda n: "<p " + " ".join(f'a{i}="<p"' for i in range(n // 12)) + ">",
    "levels": lambda n: "<div>" * (n // 5),
    "formatting": lambda n: "".join(f"<b title={i}>" for i in range(90)) + "<p>x" * (n // 4),
    "cells": lambda n: "<table><tr><td>x" * 90 + "<td>y" * (n // 5),
    "words": lambda n: "a b " * (n // 4),
    "letters": lambda n: "日 " * (n // 2),
    "lines": lambda n: "\n" * n,
    "comments": lambda n: "<!--" * (n // 4),
    "comments after a block": lambda n: "<section>" + "<!--" * (n // 4),
    "custom elements": lambda n: "<x-a>b</x-a>" * (n // 12),
    "cells without a table": lambda n: "<td>a</td>" * (n // 10),
    "many sets": lambda n: "<img srcset='a 1x, b 2x, c 3x'>" * (n // 31),
    "a long set": lambda n: f"<img src=a srcset='{'a 1x, ' * (n // 6)}'>",
    "brackets in a set": lambda n: f"<img src=a srcset='a {'(' * n}'>",
    "noscript": lambda n: "<noscript><img src=a></noscript>" * (n // 32),
    "ids": lambda n: "".join(f"<p id=n{i}><a href='#n{i}'>x</a>" for i in range(n // 35)),
    "frames": lambda n: "<iframe src=//a.example/>x</iframe>" * (n // 36),
    "classes": lambda n: "<section>" + " class=" * (n // 7),
    "spaces in a tag": lambda n: f"<p class={' ' * n}>",
    "embeds": lambda n: "<div class=x-embed data-href=//a.example/>" * 90 + "x" * n,
    "preformatted": lambda n: "<pre>" * 90 + "\n a" * (n // 3),
    "struck": lambda n: "<del>a</del>b" * (n // 13),
    "raw text": lambda n: "<section>" + "<xmp>" * (n // 5),
    "a drawing": lambda n: "<svg>" + "<path/>" * (n // 7),
    "one word": lambda n: "a" * n,
}
TEXT: dict[str, Callable[[int], str]] = {
    "ampersands": lambda n: "&" * n,
    "lines": lambda n: "a\n" * (n // 2),
    "paragraphs": lambda n: "a\n\n" * (n // 3),
    "white lines": lambda n: "\n \n\t" * (n // 5),
    "words": lambda n: "a b " * (n // 4),
}
MARKDOWN: dict[str, Callable[[int], str]] = {
    "growing backticks": lambda n: " ".join("`" * i for i in range(1, int((2 * n) ** 0.5))),
    "underlined paragraph": lambda n: "a\n" * (n // 2) + "=",
    "open emphasis": lambda n: "**a " * (n // 4),
    "brackets": lambda n: "[" * n,
    "pictures": lambda n: "![" * (n // 2),
    "nested brackets": lambda n: "[" * (n // 2) + "a" + "]" * (n // 2),
    "tags": lambda n: "<" * n,
    "quotes": lambda n: "> " * 30 + "a\n" + "b\n" * (n // 2),
    "quote marks": lambda n: ">" * n,
    "list marks": lambda n: "- " * (n // 2),
    "items": lambda n: "- a\n" * (n // 4),
    "nested items": lambda n: "1. a\n   - b\n     > c\n" * (n // 20),
    "rows": lambda n: "|a|b|\n|-|-|\n" + "|c|d|\n" * (n // 6),
    "columns": lambda n: "|a" * (n // 4) + "|\n" + "|-" * (n // 4) + "|\n",
    "ragged rows": lambda n: "|a" * (n // 8) + "|\n" + "|-" * (n // 8) + "|\n" + "|\n" * (n // 4),
    "references": lambda n: "&amp;" * (n // 5),
    "definitions": lambda n: "".join(f"[a{i}]: /u\n" for i in range(n // 12)),
    "an endless title": lambda n: '[a]: /u "' + "t\n" * (n // 2),
    "headings": lambda n: "# a\n" * (n // 4),
    "paragraphs": lambda n: "a\n\n" * (n // 3),
    "comments": lambda n: "a <!-- " * (n // 7),
    "half sections": lambda n: "a <![CDATA[ " * (n // 12),
    "links": lambda n: "[a](" * (n // 4),
    "code": lambda n: "    a\n" * (n // 6),
}
CASES = [
    *(("html", name) for name in HTML),
    *(("text", name) for name in TEXT),
    *(("markdown", name) for name in MARKDOWN),
]
MADE = {"html": HTML, "text": TEXT, "markdown": MARKDOWN}


# Three of four are tried before a release.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "name"),
    [
        pytest.param(*case, marks=pytest.mark.exhaustive if number % 4 else ())
        for number, case in enumerate(CASES)
    ],
)
def test_every_body_is_rendered_or_refused_quickly(form: str, name: str) -> None:
    for size in (LARGEST, 90_000):
        body = MADE[form][name](size)
        start = time.thread_time()
        with contextlib.suppress(BodyLimitExceeded):
            render_text(body, form)
        assert time.thread_time() - start < CEILING


# Rows are padded to all columns, so these grow with both; cells are limited instead.
@pytest.mark.parametrize("name", sorted(MARKDOWN.keys() - {"ragged rows"}))
def test_markdown_steps_grow_linearly_with_the_length(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown, "MOST_STEPS", 10_000_000)
    counts = []
    for size in (4_000, 8_000):
        steps = [0]
        render_markdown(MARKDOWN[name](size), steps)
        counts.append(steps[0])
    assert counts[1] <= 2.5 * counts[0] + 100


def test_too_many_markdown_steps_are_refused() -> None:
    steps = [0]
    with pytest.raises(BodyLimitExceeded):
        render_markdown("**a " * 20_000 + "\n\n" + "**a " * 20_000 + "\n\n" + "[" * 60_000, steps)
    assert steps[0] == MOST_STEPS + 1


@pytest.mark.parametrize(
    "body",
    [
        "<p>" + "Une « phrase » avec des espaces\xa0; et c’est tout. " * 4_000,
        "<p>Plain words, and <b>some</b> more.</p>" * 12_000,
        "<table>" + "<tr><td>1</td><td>2</td></tr>" * 6_000 + "</table>",
        f'<img src="data:image/png;base64,{"QUJD" * 200_000}">',
        "<section><p>Plain words <a href='#n1'>x</a></p></section>" * 5_000,
        "<img src=/a.jpg srcset='/a.jpg 1x, /b.jpg 2x'>" * 900,
        "<script>for(i=0;i<n&&m;i++){a(b, c, d)}</script>" * 50,
    ],
)
def test_long_ordinary_bodies_are_accepted(body: str) -> None:
    assert render_text(body, "html").markup is not None


def test_long_ordinary_markdown_is_accepted() -> None:
    line = "The *quick* fox [ran](https://a.example/x) & hid. It did **not** come back.\n"
    assert render_text((line * 5 + "\n") * 500, "markdown").words == 25_000
    rows = "| a | b | c |\n|---|---|---|\n" + "| 1 | 2 | 3 |\n" * 2_000
    assert "<td>" in render_text(rows, "markdown").markup


def test_the_number_of_attributes_of_an_element_is_limited() -> None:
    names = [f"a{number}" for number in range(MOST_ATTRIBUTES)]
    assert render_text(f"<p {' '.join(names)}>x</p>", "html").markup == "<p>x</p>"
    with pytest.raises(BodyLimitExceeded):
        render_text(f"<p {' '.join(names)} more>x</p>", "html")
