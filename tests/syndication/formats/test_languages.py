"""RSS and Atom contain language codes that every reader knows, or none."""

from xml.etree import ElementTree

import pytest

from app.syndication.formats import FEEDS
from app.syndication.formats.iso_languages import to_iso_language
from tests.syndication.formats.examples import bare, feed

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CODES = {
    "en": "en",
    "pt-BR": "pt-BR",
    "sr-Latn-RS": "sr-Latn-RS",
    "kab": "kab",
    "gsw-CH": "gsw-CH",
    "ar-arz": "ar-arz",
    "arz": "ar-arz",
    "aeb-TN": "ar-aeb-TN",
    "yue-Hant-HK": "zh-yue-Hant-HK",
    "ckb-IQ": "ku-IQ",
    "prs": "fa",
    "zgh-MA": "ber-MA",
    "xyz": None,
    "xq-US": None,
    "zxx": None,
    "x-newsroom": None,
}


@pytest.mark.parametrize("tag", _CODES)
def test_a_language_is_a_code_that_readers_know(tag: str) -> None:
    code = to_iso_language(tag)
    assert code == _CODES[tag]
    assert code is None or to_iso_language(code) == code


@pytest.mark.parametrize(("tag", "code"), [("arz-EG", "ar-arz-EG"), ("xyz", None)])
def test_rss_omits_a_language_without_a_known_code(tag: str, code: str | None) -> None:
    rss = ElementTree.fromstring(FEEDS["rss"].render(feed(bare(language=tag), language=tag)))
    assert rss.findtext("channel/language") == code
    assert rss.findtext(f"channel/item/{_DC}language") == code


@pytest.mark.parametrize(("tag", "code"), [("arz-EG", "ar-arz-EG"), ("xyz", "und")])
def test_an_atom_entry_never_inherits_the_language_of_its_feed(tag: str, code: str) -> None:
    atom = ElementTree.fromstring(FEEDS["atom"].render(feed(bare(language=tag), language="en")))
    assert atom.get(_LANG) == "en"
    entry = atom.find(f"{_ATOM}entry")
    assert entry is not None
    assert entry.get(_LANG) == code


def test_json_feed_has_the_language_unchanged() -> None:
    assert b'"language":"arz"' in FEEDS["json"].render(feed(bare(language="arz")))
