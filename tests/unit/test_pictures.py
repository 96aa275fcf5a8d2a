"""Pictures with several addresses, lazy loading, or nothing to show."""

import pytest

from app.content.body_text import render_text, sanitise_html
from app.content.body_urls import clean_srcset

DATA = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
JPG = "https://i.example/a.jpg"


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("a.jpg 1x, b.jpg 2x", "a.jpg 1x, b.jpg 2x"),
        ("a.jpg 300w,b.jpg 600w", "a.jpg 300w, b.jpg 600w"),
        ("  a.jpg\n 1.5x ,\t/b.jpg  ", "a.jpg 1.5x, /b.jpg"),
        ("a.jpg, b.jpg 2x", "a.jpg, b.jpg 2x"),
        ("/w_300,h_200/a.jpg 300w, /b,c.jpg 2x", "/w_300,h_200/a.jpg 300w, /b,c.jpg 2x"),
        ("javascript:alert(1) 1x, b.jpg 2x", "b.jpg 2x"),
        (f"{DATA} 1x, b.jpg 2x", "b.jpg 2x"),
        ("a.jpg 300w 200h, b.jpg 2x 9h, c.jpg 3w 4", "a.jpg 300w 200h, b.jpg 2x 9h"),
        ("a.jpg 1x 2x, b.jpg foo, c.jpg (d, e) , e.jpg 2w", "e.jpg 2w"),
        ("mailto:a@b.example 1x, https://u@host.example/ 2x, #a 3x", ""),
        (",,, a.jpg ,,,", "a.jpg"),
        ("", ""),
        ("a.jpg (", ""),
    ],
)
def test_each_address_of_a_srcset_is_checked(written: str, cleaned: str) -> None:
    assert clean_srcset(written) == cleaned
    assert clean_srcset(cleaned) == cleaned


def test_each_address_of_a_srcset_is_resolved() -> None:
    clean = sanitise_html(
        '<picture><source srcset="/a.webp 1x, b.webp?c=1&amp;d 2x" type="image/webp" '
        'media="(min-width: 1em)"><img src="a.jpg" srcset="a.jpg 300w, https://x.example/b 2w" '
        'sizes="(max-width: 9px) 50vw, 9px">'
        "</picture>",
        "https://p.example/news/",
    )
    assert (
        'srcset="https://p.example/a.webp 1x, https://p.example/news/b.webp?c=1&amp;d 2x"' in clean
    )
    assert 'srcset="https://p.example/news/a.jpg 300w, https://x.example/b 2w"' in clean
    assert 'sizes="(max-width: 9px) 50vw, 9px"' in clean
    assert 'media="(min-width: 1em)"' in clean
    assert sanitise_html(clean) == clean


@pytest.mark.parametrize("body_format", ["html", "markdown"])
@pytest.mark.parametrize(
    "written",
    [
        f'<img data-src="{JPG}">',
        f'<img src="{DATA}" data-src="{JPG}">',
        f'<img src="/spacer.gif" data-lazy-src="{JPG}">',
        f'<img src="low.jpg" data-original="{JPG}">',
        f'<IMG DATA-SRC="{JPG}">',
        f'<img src="{JPG}" data-src="//shop.example/a_{{width}}x.jpg">',
        f'<img src="{JPG}" data-srcset="/a-%7Bwidth%7D.jpg 9w">',
        f'<img src="/loading.gif" data-lazyload="{JPG}">',
        f'<img data-cfsrc="{JPG}">',
        f'<img src="{DATA}" data-large-file="{JPG}">',
        f'<img src="{JPG}" data-orig-file="/large.jpg">',
        f'<img data-srcset="{JPG} 600w">',
        f'<img srcset="{JPG} 2x">',
        f'<img src="{DATA}" srcset="{JPG} 2x">',
        f'<picture><source srcset="{JPG}"><img></picture>',
        f'<picture><source data-srcset="{JPG} 2x"><img src="{DATA}"></picture>',
        f'<picture><source srcset="{JPG}"></picture>',
        f'<noscript><img src="{JPG}"></noscript>',
        f'<img src="{DATA}"><noscript><img src="{JPG}"></noscript>',
        f'<img class="lazy" data-src="{JPG}"><noscript><img src="{JPG}"></noscript>',
        f'<img data-src="{JPG}"> <noscript><b><img src="/large.jpg"></b></noscript>',
        f'<noscript><img src="{JPG}"></noscript><img data-src="{JPG}">',
        f'<amp-img src="{JPG}" width="4"><noscript><img src="{JPG}"></noscript></amp-img>',
        f'<a href="/x"><img data-src="{JPG}"></a><noscript><img src="{JPG}"></noscript>',
    ],
)
def test_a_lazily_loaded_picture_is_shown_once(written: str, body_format: str) -> None:
    text = render_text(written, body_format)
    assert text.markup.count("<img") == 1, text.markup
    assert f'src="{JPG}"' in text.markup
    assert "data-" not in text.markup
    assert [warning.detail for warning in text.warnings] == []


def test_all_pictures_of_a_gallery_are_kept() -> None:
    pair = '<img data-src="/{0}.jpg"><noscript><img src="/{0}.jpg"></noscript>'
    clean = sanitise_html("".join(map(pair.format, "abc")))
    assert clean == '<img src="/a.jpg"><img src="/b.jpg"><img src="/c.jpg">'
    assert sanitise_html('<img src="/a.jpg"><img src="/a.jpg">').count("<img") == 2


@pytest.mark.parametrize(
    "written",
    [
        "<img>",
        '<img alt="x">',
        '<img src="">',
        f'<img src="{DATA}">',
        '<img src="data:image/svg+xml,%3Csvg%3E" alt="x">',
        '<img src="javascript:alert(1)">',
        '<img src="#a">',
        '<img src="mailto:a@b.example">',
        '<img src="blob:https://a.example/1">',
        '<img src="https://u:p@a.example/1.png">',
        '<img src="/images/spacer.gif">',
        '<img src="https://a.example/wp/blank.gif?v=1">',
        '<img src="1x1.png">',
        '<img src="/dot.gif">',
        '<img src="/clear.png" height="1">',
        '<img src="/t/transparent-pixel.png">',
        '<img src="https://count.example/hit" width="1" height="1">',
        '<img src="https://count.example/hit" width="0" height="0">',
        "<picture><img></picture>",
        f'<img data-src="{DATA}" srcset="{DATA} 1x">',
    ],
)
def test_an_empty_picture_is_removed(written: str) -> None:
    text = render_text(f"<p>Alpha{written}Bravo</p>", "html")
    assert text.markup == "<p>Alpha Bravo</p>"
    assert [warning.code for warning in text.warnings] == ["element_removed"]
    assert "<img>" in text.warnings[0].detail


@pytest.mark.parametrize(
    "name", ["blank-stare.jpg", "pixel-9.png", "transparent.html", "dots.gif", "a/spacer/b.gif"]
)
def test_pictures_with_similar_names_are_kept(name: str) -> None:
    assert sanitise_html(f'<img src="/{name}">') == f'<img src="/{name}">'


@pytest.mark.parametrize("name", ["trans", "clear", "dot", "pixel"])
def test_a_picture_with_a_size_is_kept_whatever_its_name(name: str) -> None:
    assert f'src="/{name}.png"' in sanitise_html(f'<img src="/{name}.png" width="9" height="6">')


def test_text_in_an_empty_picture_element_is_kept() -> None:
    assert sanitise_html("<picture>Alpha</picture>") == "Alpha"
