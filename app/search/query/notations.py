"""Other ways to write the same abbreviation, number or name, as sequences of words.

An index keeps words as they are written, so `U.S.` is two words there and `US` is one. A query
looks for both: each function returns sequences that stand for the same as those that were typed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise

from app.search.analysis.folding import is_unspaced
from app.search.analysis.tokenizer import words

Words = tuple[str, ...]

APOSTROPHES = "'’‘ʼ`´"
# Inside a word these are part of its spelling: apostrophes, and geresh and gershayim of Hebrew.
_INNER = re.compile(f'(?<=\\w)[{APOSTROPHES}׳״”“„"](?=\\w)')
_ZERO_WIDTH_NON_JOINER = "\u200c"
_RUNS = re.compile(r"\d+|[^\W\d_]+")
_LETTERS_THEN_DIGITS = re.compile(r"[^\W\d_]+\d*|\d+")
_HEBREW = re.compile("[\u05d0-\u05ea]{2,}")
_ARABIC = re.compile("[\u0620-\u06d3]+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?: \d{3})+")
_LAKHS = re.compile(r"[1-9]\d?(?: \d\d)+ \d{3}")

# Abbreviations of several letters between full stops.
_PARTED = {
    "".join(parts): parts
    for parts in (
        *(("ph", "d"), ("ed", "d"), ("th", "d"), ("psy", "d"), ("pharm", "d"), ("sc", "d")),
        *(("m", "sc"), ("b", "sc"), ("d", "sc"), ("m", "phil"), ("d", "phil"), ("b", "phil")),
        *(("m", "ed"), ("b", "ed"), ("m", "eng"), ("b", "eng"), ("ll", "m"), ("ll", "b")),
        *(("ll", "d"), ("m", "arch"), ("m", "litt"), ("d", "litt"), ("b", "tech"), ("m", "tech")),
        *(("st", "d"), ("b", "com"), ("m", "com"), ("dr", "ing"), ("dipl", "ing"), ("cand", "jur")),
    )
}
# Letters that names begin with before an apostrophe, such as O'Brien, D'Souza and N'Djamena.
_BEFORE_APOSTROPHE = frozenset("odnm")
_SHORTEST_NAME = 5
# Abbreviations in capitals, and those that people type in small letters.
_LONGEST_ABBREVIATION, _LONGEST_SMALL = 6, 3
_MOST_JOINED = 4


def notations(typed: str, found: Words) -> tuple[Words, ...]:
    """Return the other sequences for words that were typed as one, without spaces."""
    if any(map(is_unspaced, found)):
        return ()
    if len(found) == 1:
        others = [*_split(typed, found[0])]
    else:
        others = [*_joined(found)]
        others += [split for one in others if len(one) == 1 for split in _split(typed, one[0])]
    inner = tuple(words(_INNER.sub("", typed))) if _INNER.search(typed) else ()
    parted = tuple(words(typed.replace(_ZERO_WIDTH_NON_JOINER, " ")))
    return tuple(one for one in dict.fromkeys((*others, inner, parted)) if one and one != found)


def phrase_notations(tokens: Sequence[str]) -> tuple[Words, ...]:
    """Return the other sequences for a phrase: all of it joined, or all of it split."""
    found = tuple(words(" ".join(tokens)))
    each = [(tuple(words(token)), token) for token in tokens]
    options = [(own, notations(token, own)) for own, token in each if own]
    joined = (min((own, *others), key=len) for own, others in options)
    split = (max((own, *others), key=len) for own, others in options)
    made = (*(tuple(chain.from_iterable(parts)) for parts in (joined, split)), *_joined(found))
    return tuple(one for one in dict.fromkeys(made) if one != found)


def joined_neighbours(found: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield where words that were typed apart may be one in a text, and that one.

    They are initials, a number in groups of digits, letters before digits or after, and what
    Persian writes with a joint that many leave out.
    """
    for start in range(len(found)):
        for end in range(start + 2, min(start + _MOST_JOINED, len(found)) + 1):
            several = found[start:end]
            if _are_one(several):
                yield start, end, "".join(several)


def _are_one(several: Sequence[str]) -> bool:
    if all(len(one) == 1 and one.isalpha() for one in several):
        return True
    if all(map(_ARABIC.fullmatch, several)):
        return True
    return bool(_number(several)) or _is_parted(several) or _is_letters_and_digits(several)


def _joined(found: Words) -> Iterable[Words]:
    """Yield words with what belongs together in one: initials, digits, letters and digits."""
    yield tuple(_with_initials(found))
    if len(found) > 1 and _is_letters_and_digits(found):
        yield ("".join(found),)
    for length in range(len(found), 1, -1):
        if _number(found[:length]):
            yield ("".join(found[:length]), *found[length:])
            break
    for length in (len(found), 2):
        if _is_parted(found[:length]):
            yield ("".join(found[:length]), *found[length:])


def _with_initials(found: Words) -> Iterator[str]:
    initials = ""
    for word in found:
        if len(word) == 1 and word.isalpha():
            initials += word
            continue
        if initials:
            yield initials
        initials = ""
        yield word
    if initials:
        yield initials


def _number(several: Sequence[str]) -> bool:
    spaced = " ".join(several)
    return bool(_THOUSANDS.fullmatch(spaced) or _LAKHS.fullmatch(spaced))


def _is_parted(several: Sequence[str]) -> bool:
    """Tell whether words are an abbreviation in parts, as `Ph.D.` or `EE.UU.`."""
    if len(several) != 2:
        return False
    return "".join(several) in _PARTED or all(map(_is_doubled, several))


def _is_doubled(word: str) -> bool:
    return len(word) == 2 and word[0] == word[1] and word.isalpha()


def _is_letters_and_digits(several: Sequence[str]) -> bool:
    """Tell whether letters and digits meet between each two words."""
    kinds = [(one[0].isdecimal(), one[-1].isdecimal()) for one in several]
    return all(first[1] != second[0] for first, second in pairwise(kinds))


def _split(typed: str, word: str) -> Iterator[Words]:
    runs = tuple(_RUNS.findall(word))
    if len(runs) > 1:
        yield runs
        yield tuple(_LETTERS_THEN_DIGITS.findall(word))
    elif word.isdecimal():
        yield from _in_groups(word)
    elif _HEBREW.fullmatch(word):
        yield from _split_hebrew(word)
    elif word in _PARTED:
        yield _PARTED[word]
    elif len(word) == 4 and _is_doubled(word[:2]) and _is_doubled(word[2:]):
        yield (word[:2], word[2:])
    elif word[0] in _BEFORE_APOSTROPHE and len(word) >= _SHORTEST_NAME:
        yield (word[0], word[1:])
    if word.isalpha() and 2 <= len(word) <= _longest_abbreviation(typed):
        yield tuple(word)


def _longest_abbreviation(typed: str) -> int:
    return _LONGEST_ABBREVIATION if typed.isupper() else _LONGEST_SMALL


def _in_groups(digits: str) -> Iterator[Words]:
    if len(digits) < 4 or digits.startswith("0"):
        return
    yield _groups(digits, 3)
    if len(digits) > 5:
        yield (*_groups(digits[:-3], 2), digits[-3:])


def _groups(digits: str, length: int) -> Words:
    first = len(digits) % length
    head = (digits[:first],) if first else ()
    return (*head, *(digits[at : at + length] for at in range(first, len(digits), length)))


def _split_hebrew(word: str) -> Iterator[Words]:
    """Yield a word as a text with gershayim or geresh is cut: before its end, after its start."""
    for after in dict.fromkeys((len(word) - 1, len(word) - 2, len(word) - 3, 1)):
        if 0 < after < len(word):
            yield (word[:after], word[after:])
