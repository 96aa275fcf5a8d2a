"""Queries as people type them, understood as a value. Nothing typed is ever wrong."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote

from app.search.urls import normal_address

MOST_CHARACTERS = 1_000
MOST_WORDS = 128

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
# A mark before the last letters of a Hebrew abbreviation is often typed as a quotation mark.
_GERSHAYIM = re.compile(
    '(?<=[\u05d0-\u05ea])["“”„](?=[\u05d0-\u05ea](?![\u05d0-\u05ea])'
    '|[\u05d0-\u05ea]{2,3}(?![\u05d0-\u05ea"“”„]))'
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_PIECE = re.compile(
    r'(?P<minus>(?<!\S)[-−–]+)?(?P<title>title:\s*)?(?:(?<!\w)"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))',
    re.IGNORECASE,
)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
# Perhaps one, perhaps words that somebody joined by dots and slashes.
_LIKE_ADDRESS = re.compile(r"(?:\w[\w-]*\.)+[^\W\d_]{2,}(?::\d+)?/\S+")
_OR = frozenset({"OR", "|", "||"})
_ASKS = ("?", "؟", "？")


@dataclass(frozen=True, slots=True)
class Part:
    """A word, or with `phrase` words that stand together; perhaps only in titles.

    `open` is set on a last word that may be still growing: it stands for its completions too.
    """

    words: tuple[str, ...]
    phrase: bool = False
    title: bool = False
    open: bool = False

    @property
    def text(self) -> str:
        """Return the part as somebody may type it."""
        text = " ".join(self.words)
        quoted = f'"{text}"' if self.phrase else text
        return f"title:{quoted}" if self.title else quoted


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed.

    `wanted` are alternatives joined by *and*: a story fits one part of each, unless there are many
    or it is a `question`. `unwanted` parts stand in no story that fits. `reference` is an id or an
    address, if that is all there is; where words are wanted, too, they count if it names nothing.
    Of an address the words are those of its parts, for texts that name it. `languages` are those it
    was looked for in.
    """

    wanted: tuple[tuple[Part, ...], ...] = ()
    unwanted: tuple[Part, ...] = ()
    reference: str | None = None
    question: bool = False
    languages: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything to look for."""
        return bool(self.wanted or self.unwanted or self.reference)

    @property
    def text(self) -> str:
        """Return the query as somebody may type it."""
        groups = [" OR ".join(part.text for part in group) for group in self.wanted]
        return " ".join([*groups, *(f"-{part.text}" for part in self.unwanted)])


def understood(text: str) -> Typed:
    """Return what a typed query means. Never raises, whatever is typed."""
    plain = _CONTROLS.sub(" ", _GERSHAYIM.sub("״", text)).translate(_QUOTES)[:MOST_CHARACTERS]
    if _ID.fullmatch(plain.strip()):
        return Typed(reference=plain.strip().lower())
    if _ADDRESS.fullmatch(plain.strip()):
        return Typed(wanted=(_address_parts(plain.strip()),), reference=plain.strip())
    pieces = list(_pieces(plain))
    return Typed(
        reference=plain.strip() if _LIKE_ADDRESS.fullmatch(plain.strip()) else None,
        wanted=_opened(_groups(pieces), plain),
        unwanted=tuple(piece.part for piece in pieces if piece.unwanted),
        question=plain.rstrip().endswith(_ASKS),
    )


class _Piece(NamedTuple):
    part: Part
    unwanted: bool
    joins: bool


def _address_parts(url: str) -> tuple[Part, ...]:
    """Return what finds an address in a text: its words, with letters as they are or encoded."""
    address = normal_address(url)
    plain = unquote(address)
    written = (address, plain, quote(plain, safe="/:?&=#.-_~%+,;@!$'()*"))
    return tuple(Part((one,), phrase=True) for one in dict.fromkeys(written))


def _pieces(text: str) -> Iterator[_Piece]:
    left = MOST_WORDS
    for found in _PIECE.finditer(text):
        phrase, word = found["phrase"], found["word"]
        if word and _ADDRESS.fullmatch(word):
            phrase, word = normal_address(word), None
        words = tuple((word or phrase or "").split()[:left])
        left -= len(words)
        title, unwanted = bool(found["title"]), bool(found["minus"])
        joins = word in _OR and not title and not unwanted
        if joins or any(map(_says_something, words)):
            yield _Piece(Part(words, phrase is not None, title), unwanted, joins)


def _says_something(word: str) -> bool:
    return any(map(str.isalnum, word))


def _groups(pieces: list[_Piece]) -> tuple[tuple[Part, ...], ...]:
    groups: list[tuple[Part, ...]] = []
    joined = False
    for piece in pieces:
        if piece.joins:
            joined = bool(groups)
        elif not piece.unwanted:
            if joined:
                groups[-1] = (*groups[-1], piece.part)
            else:
                groups.append((piece.part,))
            joined = False
    return tuple(groups)


def _opened(groups: tuple[tuple[Part, ...], ...], text: str) -> tuple[tuple[Part, ...], ...]:
    """Return groups of which the last word is open, if the text ends in it."""
    if not groups or not text[-1:].isalnum():
        return groups
    *others, last = groups
    part = last[-1]
    if part.phrase or not text.endswith(part.words[-1]):
        return groups
    opened = Part(part.words, title=part.title, open=True)
    return (*others, (*last[:-1], opened))
