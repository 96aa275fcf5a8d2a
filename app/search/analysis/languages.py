"""The languages that have a stemmer, and the script of each."""

import re
from typing import NamedTuple


class Language(NamedTuple):
    """A language with a Snowball stemmer, and a pattern that matches a letter of its script."""

    stemmer: str
    letters: re.Pattern[str]


_LATIN = re.compile("[a-z]")
_CYRILLIC = re.compile("[\u0400-\u052f]")
_ARABIC = re.compile("[\u0620-\u064a\u066e-\u06d3]")
_HEBREW = re.compile("[\u05d0-\u05ea]")
_DEVANAGARI = re.compile("[\u0900-\u097f]")

_OF_LATIN_LETTERS = {
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "st": "sesotho",
    "sv": "swedish",
    "tr": "turkish",
}

LANGUAGES = {
    **{tag: Language(stemmer, _LATIN) for tag, stemmer in _OF_LATIN_LETTERS.items()},
    "ar": Language("arabic", _ARABIC),
    "el": Language("greek", re.compile("[\u0370-\u03ff]")),
    "fa": Language("persian", _ARABIC),
    "he": Language("hebrew", _HEBREW),
    "hi": Language("hindi", _DEVANAGARI),
    "hy": Language("armenian", re.compile("[\u0561-\u0587]")),
    "ne": Language("nepali", _DEVANAGARI),
    "ru": Language("russian", _CYRILLIC),
    "sr": Language("serbian", re.compile("[a-z\u0400-\u052f]")),
    "ta": Language("tamil", re.compile("[\u0b80-\u0bff]")),
    "yi": Language("yiddish", _HEBREW),
}


def primary_language(tag: str) -> str:
    """Return the primary language subtag of a BCP 47 tag: `fr` for `fr-CA`."""
    return tag.partition("-")[0].lower()


def has_stems(language: str, word: str) -> bool:
    """Tell whether a language has a stemmer and a word has a letter of its script."""
    known = LANGUAGES.get(language)
    return known is not None and known.letters.search(word) is not None
