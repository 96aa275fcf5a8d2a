"""Slugs: readable, in any script, unique within their type."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from app.kit.ids import NEVER_IN_SLUGS, is_id
from app.kit.text import FILLERS, FORMAT, SELECTORS

MAX_LENGTH = 200
_MADE_LENGTH = 100
_KEPT = frozenset("LMN")
_BASES = frozenset("LN")
_TATWEEL = "\u0640"
_INVISIBLE = re.compile(f"[{SELECTORS}{FORMAT}{FILLERS}]")
# Letters of keyboards that NFKD decomposes and NFC does not compose again: Armenian, Kazakh, Thai,
# Lao, Tibetan and Korean.
_TYPED_WHOLE = re.compile(
    "([\u0587\u0675-\u0678\u0e33\u0eb3\u0edc\u0edd\u0f77\u0f79\u3131-\u3163\u3165-\u318e]+)"
)
_APOSTROPHES = frozenset("'’ʼ‘`´")
_FIRST_BATCH = 8
# Most titles of most archives are ASCII; a regular expression is several times faster than a loop.
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_ASCII_ELISION = re.compile(r"\b([a-z]|qu)['`]")
_ASCII_APOSTROPHES = re.compile(r"['`]")


def find_slug_problem(slug: str) -> str | None:
    """Return what is wrong with a slug, or `None`."""
    if not slug or len(slug) > MAX_LENGTH:
        return f"A slug has 1 to {MAX_LENGTH} characters."
    if is_id(slug):
        return "A slug may not have the form of a UUID."
    if not all(map(_is_word, slug.split("-"))):
        return "A slug is letters of any script, digits and single hyphens."
    return None


@lru_cache(maxsize=2_000)
def make_slug(title: str, fallback: str) -> str:
    """Make a slug from a title; `fallback` replaces a title without letters or digits."""
    slug = _join_words(_split_ascii(title) if title.isascii() else _split_words(title))
    return fallback if not slug or is_id(slug) else slug


def find_free_slug(wanted: str, taken: Callable[[list[str]], set[str]]) -> str:
    """Return the wanted slug, or the first of `-2`, `-3` … that is free.

    `taken` is called with growing batches, so that ten thousand equal titles take few queries.
    """
    if wanted not in taken([wanted]):
        return wanted
    start, size = 2, _FIRST_BATCH
    stem = wanted[: MAX_LENGTH - 8].rstrip("-")
    while True:
        batch = [f"{stem}-{number}" for number in range(start, start + size)]
        used = taken(batch)
        for candidate in batch:
            if candidate not in used:
                return candidate
        start, size = start + size, min(size * 4, 500)


def _split_ascii(title: str) -> list[str]:
    apart = _ASCII_ELISION.sub(r"\1 ", title.lower())
    return _ASCII_WORD.findall(_ASCII_APOSTROPHES.sub("", apart))


def _split_words(title: str) -> list[str]:
    words: list[str] = []
    word: list[str] = []
    for character in _simplify(title):
        if _is_kept(character) and (word or _begins_word(character)):
            word.append(character)
        elif word and not (character in _APOSTROPHES and not _is_elided(word)):
            words.append("".join(word))
            word = []
    return [*words, "".join(word)] if word else words


def _is_elided(word: list[str]) -> bool:
    """Tell an elision (l' d' qu') from the end of a name: only an elision separates words."""
    return len(word) == 1 or word == ["q", "u"]


def _simplify(title: str) -> str:
    """Convert to lower case, without accents of Latin letters and without Arabic vowel marks."""
    kept: list[str] = []
    latin = False
    # Lower case comes last: a compatibility form such as "™" expands to capital letters.
    for character in _decompose(_INVISIBLE.sub("", title)).lower():
        if not unicodedata.combining(character):
            latin = "a" <= character <= "z"
            if character != _TATWEEL:
                kept.append(character)
        elif not latin and not "\u064b" <= character <= "\u0652":
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _decompose(title: str) -> str:
    """Return a title in NFKD, except for letters that keyboards have as one key."""
    return "".join(
        part if index % 2 else unicodedata.normalize("NFKD", part)
        for index, part in enumerate(_TYPED_WHOLE.split(title))
    )


def _is_word(part: str) -> bool:
    return (
        part != ""
        and _begins_word(part[0])
        and all(map(_is_kept, part))
        and NEVER_IN_SLUGS.search(part) is None
    )


def _begins_word(character: str) -> bool:
    """Tell whether a character can begin a word; a combining mark cannot."""
    return unicodedata.category(character)[0] in _BASES


def _is_kept(character: str) -> bool:
    return unicodedata.category(character)[0] in _KEPT


def _join_words(words: list[str]) -> str:
    slug = "-".join(words)
    if len(slug) <= _MADE_LENGTH:
        return slug
    cut = slug[: _MADE_LENGTH + 1].rpartition("-")[0]
    return cut or slug[:_MADE_LENGTH]
