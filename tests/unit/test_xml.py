"""XML as text: escaping, and removal of illegal characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit import json
from app.kit.uri import to_uri
from app.kit.xml import escape_attribute, is_suspect, remove_illegal, wrap_in_cdata

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
def test_illegal_characters_are_found_in_json(text: str) -> None:
    if remove_illegal(text) != text:
        assert is_suspect(json.dumps({"text": text}))


@pytest.mark.parametrize("text", ["plain", 'a "quoted" line\n\tand another', "« é » المغرب 🐝 ﷺ"])
def test_ordinary_text_has_no_illegal_characters(text: str) -> None:
    assert not is_suspect(json.dumps({"text": text}))


@pytest.mark.parametrize("text", ["\0", "\x08", "\x0c", "\x1f", "\x7f", "\x85", "\ufffd", "\uffff"])
def test_characters_that_xml_does_not_allow_are_removed(text: str) -> None:
    assert remove_illegal(f"a{text}b") == "ab"
    assert is_suspect(json.dumps(text))


def test_special_characters_are_escaped() -> None:
    assert escape_attribute('<"&\n>') == "&lt;&quot;&amp;&#10;&gt;"
    assert wrap_in_cdata("a]]>b") == "<![CDATA[a]]]]><![CDATA[>b]]>"


ADDRESSES = {
    "https://a.example/b?c=1&d=%20#e": "https://a.example/b?c=1&d=%20#e",
    "https://é.example/ü?ö=ä#ß": "https://xn--9ca.example/%C3%BC?%C3%B6=%C3%A4#%C3%9F",
    "https://a.example/100%/[x]|{y}": "https://a.example/100%25/%5Bx%5D%7C%7By%7D",
    "https://a.example/a#b#c": "https://a.example/a#b%23c",
    "http://[::1]:80/é": "http://[::1]:80/%C3%A9",
    "https://a..example/é": "https://a..example/%C3%A9",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_in_any_script_becomes_a_uri(address: str) -> None:
    assert to_uri(address) == ADDRESSES[address]
    assert to_uri(to_uri(address)) == to_uri(address)
