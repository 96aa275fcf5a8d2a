"""Parse the query that a user typed. Any text is valid."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from unicodedata import category
from urllib.parse import quote, unquote

from app.search.urls import normalize_url

MOST_CHARACTERS = 1_000
MOST_WORDS = 128

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
# A gershayim before the last letters of a Hebrew abbreviation is often typed as a quotation mark.
_GERSHAYIM = re.compile(
    '(?<=[\u05d0-\u05ea])["“”„](?=[\u05d0-\u05ea](?![\u05d0-\u05ea])'
    '|[\u05d0-\u05ea]{2,3}(?![\u05d0-\u05ea"“”„]))'
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_TOKEN = re.compile(
    r'(?P<minus>(?<!\S)[-−–]+)?(?P<title>title:\s*)?(?:(?<!\w)"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))',
    re.IGNORECASE,
)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
# A URL without scheme, or words joined by dots and slashes.
_POSSIBLE_URL = re.compile(r"(?:\w[\w-]*\.)+[^\W\d_]{2,}(?::\d+)?/\S+")
_OR = frozenset({"OR", "|", "||"})
_QUESTION_MARKS = ("?", "؟", "？")


@dataclass(frozen=True, slots=True)
class QueryPart:
    """A word, or with `phrase` several consecutive words; with `title` only in titles.

    `is_prefix` is set on a last word that the user may still be typing: it matches its completions,
    too.
    """

    words: tuple[str, ...]
    phrase: bool = False
    title: bool = False
    is_prefix: bool = False

    @property
    def text(self) -> str:
        """Return the part in query syntax."""
        text = " ".join(self.words)
        quoted = f'"{text}"' if self.phrase else text
        return f"title:{quoted}" if self.title else quoted


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A parsed query.

    A story must match one part of each group in `required`, unless the query is long or
    `is_question` is set. It must not match any part of `excluded`. `reference` is an id or a URL,
    if the query is nothing else; `required` then has the parts of the URL, for texts that mention
    it, and counts if the reference names no story. `languages` are the languages that were searched
    in.
    """

    required: tuple[tuple[QueryPart, ...], ...] = ()
    excluded: tuple[QueryPart, ...] = ()
    reference: str | None = None
    is_question: bool = False
    languages: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether the query is not empty."""
        return bool(self.required or self.excluded or self.reference)

    @property
    def text(self) -> str:
        """Return the query in query syntax."""
        groups = [" OR ".join(part.text for part in group) for group in self.required]
        text = " ".join([*groups, *(f"-{part.text}" for part in self.excluded)])
        return f"{text} ?" if self.is_question and not text.endswith(_QUESTION_MARKS) else text


def parse_query(text: str) -> ParsedQuery:
    """Parse a query; never raises."""
    plain = _CONTROLS.sub(" ", _GERSHAYIM.sub("״", text)).translate(_QUOTES)[:MOST_CHARACTERS]
    if _ID.fullmatch(plain.strip()):
        return ParsedQuery(reference=plain.strip().lower())
    if _URL.fullmatch(plain.strip()):
        return ParsedQuery(required=(_parse_url(plain.strip()),), reference=plain.strip())
    tokens = list(_read_tokens(plain))
    return ParsedQuery(
        reference=plain.strip() if _POSSIBLE_URL.fullmatch(plain.strip()) else None,
        required=_mark_prefix(_build_groups(tokens), plain),
        excluded=tuple(token.part for token in tokens if token.excluded),
        is_question=plain.rstrip().endswith(_QUESTION_MARKS),
    )


class _Token(NamedTuple):
    part: QueryPart
    excluded: bool
    is_or: bool


def _parse_url(url: str) -> tuple[QueryPart, ...]:
    """Return phrases that match a URL in a text, with percent-encoding and without."""
    address = normalize_url(url)
    plain = unquote(address)
    spellings = (address, plain, quote(plain, safe="/:?&=#.-_~%+,;@!$'()*"))
    return tuple(QueryPart((spelling,), phrase=True) for spelling in dict.fromkeys(spellings))


def _read_tokens(text: str) -> Iterator[_Token]:
    left = MOST_WORDS
    for match in _TOKEN.finditer(text):
        phrase, word = match["phrase"], match["word"]
        if word and _URL.fullmatch(word):
            phrase, word = normalize_url(word), None
        words = tuple((word or phrase or "").split()[:left])
        left -= len(words)
        title, excluded = bool(match["title"]), bool(match["minus"])
        is_or = word in _OR and not title and not excluded
        if is_or or any(map(_has_letter_or_digit, words)):
            yield _Token(QueryPart(words, phrase is not None, title), excluded, is_or)


def _has_letter_or_digit(word: str) -> bool:
    return any(map(str.isalnum, word))


def _build_groups(tokens: list[_Token]) -> tuple[tuple[QueryPart, ...], ...]:
    groups: list[tuple[QueryPart, ...]] = []
    joined = False
    for token in tokens:
        if token.is_or:
            joined = bool(groups)
        elif not token.excluded:
            if joined:
                groups[-1] = (*groups[-1], token.part)
            else:
                groups.append((token.part,))
            joined = False
    return tuple(groups)


def _mark_prefix(
    groups: tuple[tuple[QueryPart, ...], ...], text: str
) -> tuple[tuple[QueryPart, ...], ...]:
    """Return groups with the last word marked as a prefix, if the text ends in it."""
    # Vowel signs of Indic scripts are marks.
    is_in_word = text[-1:].isalnum() or category(text[-1:] or " ").startswith("M")
    if not groups or not is_in_word:
        return groups
    *others, last = groups
    part = last[-1]
    if part.phrase or not text.endswith(part.words[-1]):
        return groups
    prefix = QueryPart(part.words, title=part.title, is_prefix=True)
    return (*others, (*last[:-1], prefix))
