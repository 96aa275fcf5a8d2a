"""Validation of web addresses: hosts, ports and characters."""

import time

import pytest

from app.content.body_text import sanitise_html
from app.content.body_urls import clean_url, resolve_relative_urls
from app.kit.uri import find_address_problem, to_uri

SOUND = [
    "https://site.example",
    "HTTP://SITE.example:8080/a?b=c#d",
    "https://under_score.site.example./",
    "https://müller.example/straße",
    "https://新聞.example/記事",
    "https://समाचार.example/",
    "https://١٢٣.example/",
    "https://site.example/می\u200cخواهم",
    "https://site.example/\u0633\u0631\u062a\u200e/105",
    "https://[2001:db8::1]/",
    "https://[::ffff:192.0.2.1]:65535/a",
    "https://192.0.2.1:1/",
    'https://site.example/a"b<c>d|e',
]
UNSOUND = [
    "",
    "site.example",
    "ftp://site.example/",
    "https:///path",
    "https:site.example",
    'https://127.0.0.1"onerror="alert(1)"y="',
    "https://a'b.example/",
    "https://a<b.example/",
    "https://a|b.example/",
    "https://a b.example/",
    "https://a\\b.example/",
    "https://a%2eb.example/",
    "https://user@site.example/",
    "https://user:word@site.example/",
    "https://a\u202eb.example/",
    "https://a\u200cb.example/",
    "https://a\u200eb.example/",
    "https://site.example/a\u202eb",
    "https://site.example/a\u200bb",
    "https://site.example/a b",
    "https://site.example/a\u00a0b",
    "https://site.example/a\nb",
    "https://site.example/a\x7fb",
    "https://a..example/",
    "https://.example/",
    f"https://{'a' * 64}.example/",
    f"https://{'a.' * 130}example/",
    "https://a\ufdfab.example/",
    "https://a™.example/",
    "https://[::1/",
    "https://[::1%25eth0]/",
    "https://[not:an:address]/",
    "https://[1.2.3.4]/",
    "https://::1/",
    "https://site.example:/",
    "https://site.example:0/",
    "https://site.example:65536/",
    "https://site.example:８０/",
    "https://site.example:80x/",
]


def test_a_long_host_is_refused_before_it_is_encoded() -> None:
    letters = "".join(chr(0x4E00 + number) for number in range(1_900))
    start_time = time.thread_time()
    for start in range(10):
        assert find_address_problem(f"https://{letters[start:]}/")
        assert clean_url(f"//{letters[start:]}/") is None
    assert time.thread_time() - start_time < 0.5


@pytest.mark.parametrize("address", SOUND)
def test_valid_addresses_are_accepted(address: str) -> None:
    assert find_address_problem(address) is None
    assert to_uri(address).isascii()


@pytest.mark.parametrize("address", UNSOUND)
def test_invalid_addresses_are_refused_with_a_reason(address: str) -> None:
    assert find_address_problem(address)


def test_a_stored_invalid_address_is_written_without_quotes_and_tags() -> None:
    written = to_uri('https://127.0.0.1"onerror="<b>"y="/a"b')
    assert not set(written) & set("\"'<>| ")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (" https://site.example/a b ", "https://site.example/a%20b"),
        ("https://user@site.example/", None),
        ('//a"b/c', None),
        ("\\\\user@site.example/c", None),
        ("https:site.example", None),
        ("a\u202eb", "a%E2%80%AEb"),
        ("https://site.example/a\u200b", "https://site.example/a%E2%80%8B"),
        ("\u200b" * 11, None),
        ("https://a\u202eb.example/", None),
        ("mailto:a\u200b@site.example", "mailto:a%E2%80%8B@site.example"),
        ("javascript:alert(1)", None),
        ("java\tscript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:desk@site.example", "mailto:desk@site.example"),
        ("../a?b#c", "../a?b#c"),
    ],
)
def test_addresses_in_bodies_follow_the_same_rule(value: str, stored: str | None) -> None:
    assert clean_url(value) == stored


@pytest.mark.parametrize("tag", ["blockquote", "del", "ins", "q"])
@pytest.mark.parametrize("address", ["javascript:alert(1)", " JavaScript&colon;a", "data:x"])
def test_addresses_of_quotations_have_the_schemes_of_links(tag: str, address: str) -> None:
    assert sanitise_html(f'<{tag} cite="{address}">x</{tag}>') == f"<{tag}>x</{tag}>"


def test_text_that_looks_like_an_attribute_inside_another_is_unchanged() -> None:
    markup = '<img alt="x href=" title="y onerror=alert(1) z" src="a.png">'
    assert resolve_relative_urls(markup, "https://site.example/") == (
        '<img alt="x href=" title="y onerror=alert(1) z" src="https://site.example/a.png">'
    )


def test_a_resolved_address_is_escaped() -> None:
    assert resolve_relative_urls('<img src="a">', 'https://127.0.0.1"onerror="x"y="') == "<img>"
    assert resolve_relative_urls('<a href="?a=1&amp;b">x</a>', "https://site.example/") == (
        '<a href="https://site.example/?a=1&amp;b">x</a>'
    )
