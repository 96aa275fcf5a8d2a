"""Other notations of the same abbreviation, number or name, as sequences of words.

The index stores words as they are written, so `U.S.` is two words and `US` is one. A query searches
for both: each function returns word sequences that mean the same as the given ones.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise, product

from app.search.analysis.folding import is_unspaced
from app.search.analysis.tokenizer import tokenize

Words = tuple[str, ...]

APOSTROPHES = "'’‘ʼʻ`´"
# Part of the spelling inside a word: apostrophes, and geresh and gershayim of Hebrew.
_INNER_MARK = re.compile(f'(?<=\\w)[{APOSTROPHES}׳״”“„"](?=\\w)')
_ZERO_WIDTH_NON_JOINER = "\u200c"
_RUNS = re.compile(r"\d+|[^\W\d_]+")
_LETTERS_THEN_DIGITS = re.compile(r"[^\W\d_]+\d*|\d+")
# Between the components of a compound, such as `US-led`, `US/UK` and `US$1200`.
_BETWEEN_COMPONENTS = re.compile(r"[-‐‑‒–—−/$€£¥+]+")
_HEBREW = re.compile("[\u05d0-\u05ea]{2,}")
_ARABIC = re.compile("[\u0620-\u06d3]+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?: \d{3})+")
_THOUSAND_AND_UNIT = re.compile(r"(\d{3})[^\W\d_]+")
_LAKHS = re.compile(r"[1-9]\d?(?: \d\d)+ \d{3}")

# Abbreviations whose parts have several letters.
_SPLIT_ABBREVIATIONS = {
    "".join(parts): parts
    for parts in (
        *(("ph", "d"), ("ed", "d"), ("th", "d"), ("psy", "d"), ("pharm", "d"), ("sc", "d")),
        *(("m", "sc"), ("b", "sc"), ("d", "sc"), ("m", "phil"), ("d", "phil"), ("b", "phil")),
        *(("m", "ed"), ("b", "ed"), ("m", "eng"), ("b", "eng"), ("ll", "m"), ("ll", "b")),
        *(("ll", "d"), ("m", "arch"), ("m", "litt"), ("d", "litt"), ("b", "tech"), ("m", "tech")),
        *(("st", "d"), ("b", "com"), ("m", "com"), ("dr", "ing"), ("dipl", "ing"), ("cand", "jur")),
    )
}
# First letters of names before an apostrophe, such as O'Brien, D'Souza and N'Djamena.
_BEFORE_APOSTROPHE = frozenset("odnm")
_SHORTEST_NAME = 5
# Longest abbreviation in capitals, and in lower case.
_LONGEST_ABBREVIATION, _LONGEST_SMALL = 6, 3
_MOST_JOINED = 4
_MOST_COMPOUNDS = 8
_HEBREW_ARTICLE = "ה"


def find_notations(text: str, words: Words) -> tuple[Words, ...]:
    """Return other word sequences for words that were typed without spaces between them."""
    if any(map(is_unspaced, words)):
        return ()
    if len(words) == 1:
        others = [*_split(text, words[0])]
    else:
        others = [*_join(words), *_find_compounds(text), _group_all_digits(words)]
        others += [split for other in others if len(other) == 1 for split in _split(text, other[0])]
    inner = tuple(tokenize(_INNER_MARK.sub("", text))) if _INNER_MARK.search(text) else ()
    parted = tuple(tokenize(text.replace(_ZERO_WIDTH_NON_JOINER, " ")))
    notations = [notation for notation in (*others, inner, parted) if notation]
    if _HEBREW.match(words[0]):
        several = words if len(words) > 1 else ()
        notations += [_toggle_article(other) for other in (*notations, several) if other]
    return tuple(notation for notation in dict.fromkeys(notations) if notation != words)


def _find_compounds(text: str) -> Iterable[Words]:
    """Return the combinations of the notations of all components of a word."""
    components = [part for part in _BETWEEN_COMPONENTS.split(text) if part]
    if len(components) < 2:
        return ()
    options = [_find_component_notations(component) for component in components]
    combinations = islice(product(*options), _MOST_COMPOUNDS)
    return (tuple(chain.from_iterable(combination)) for combination in combinations)


def _find_component_notations(component: str) -> list[Words]:
    words = tuple(tokenize(component))
    if not words:
        return [()]
    notations = find_notations(component, words)
    # Short words of compounds are mostly no abbreviations, unless they are in capitals.
    is_abbreviation = component.isupper()
    return [
        words,
        *(other for other in notations if is_abbreviation or max(map(len, other)) > 1),
    ]


def _toggle_article(words: Words) -> Words:
    """Return Hebrew words with the article, or without it if the first word may have it."""
    first, *others = words
    bare = first.removeprefix(_HEBREW_ARTICLE)
    return (bare if bare != first and len(bare) > 1 else f"{_HEBREW_ARTICLE}{first}", *others)


def find_phrase_notations(tokens: Sequence[str]) -> tuple[Words, ...]:
    """Return other word sequences for a phrase: with all notations joined, or all split."""
    words = tuple(tokenize(" ".join(tokens)))
    tokenized = [(tuple(tokenize(token)), token) for token in tokens]
    options = [(own, find_notations(token, own)) for own, token in tokenized if own]
    joined = (min((own, *others), key=len) for own, others in options)
    split = (max((own, *others), key=len) for own, others in options)
    candidates = (*(tuple(chain.from_iterable(parts)) for parts in (joined, split)), *_join(words))
    return tuple(notation for notation in dict.fromkeys(candidates) if notation != words)


def find_joined_neighbours(words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and joined form of neighbouring words that a text may write as one.

    These are initials, digit groups of a number, letters next to digits, and the parts of Persian
    compounds whose joiner is often left out.
    """
    for start in range(len(words)):
        for end in range(start + 2, min(start + _MOST_JOINED, len(words)) + 1):
            neighbours = words[start:end]
            if _is_one_word(neighbours):
                yield start, end, "".join(neighbours)


def _is_one_word(words: Sequence[str]) -> bool:
    if all(len(word) == 1 and word.isalpha() for word in words):
        return True
    if all(map(_ARABIC.fullmatch, words)):
        return True
    return bool(_number(words)) or _is_split_abbreviation(words) or _is_letters_and_digits(words)


def _join(words: Words) -> Iterable[Words]:
    """Yield word sequences with initials, digit groups, or letters and digits joined."""
    yield tuple(_join_initials(words))
    if len(words) > 1 and _is_letters_and_digits(words):
        yield ("".join(words),)
    unit = _THOUSAND_AND_UNIT.fullmatch(words[-1])
    if unit and _number((*words[:-1], unit[1])):
        yield ("".join(words),)
    for length in range(len(words), 1, -1):
        if _number(words[:length]):
            yield ("".join(words[:length]), *words[length:])
            break
    for length in (len(words), 2):
        if _is_split_abbreviation(words[:length]):
            yield ("".join(words[:length]), *words[length:])


def _join_initials(words: Words) -> Iterator[str]:
    initials = ""
    for word in words:
        if len(word) == 1 and word.isalpha():
            initials += word
            continue
        if initials:
            yield initials
        initials = ""
        yield word
    if initials:
        yield initials


def _number(words: Sequence[str]) -> bool:
    spaced = " ".join(words)
    return bool(_THOUSANDS.fullmatch(spaced) or _LAKHS.fullmatch(spaced))


def _is_split_abbreviation(words: Sequence[str]) -> bool:
    """Tell whether words are the parts of an abbreviation, as in `Ph.D.` or `EE.UU.`."""
    if len(words) != 2:
        return False
    return "".join(words) in _SPLIT_ABBREVIATIONS or all(map(_is_doubled, words))


def _is_doubled(word: str) -> bool:
    return len(word) == 2 and word[0] == word[1] and word.isalpha()


def _is_letters_and_digits(words: Sequence[str]) -> bool:
    """Tell whether every word boundary lies between a letter and a digit."""
    kinds = [(word[0].isdecimal(), word[-1].isdecimal()) for word in words]
    return all(first[1] != second[0] for first, second in pairwise(kinds))


def _split(text: str, word: str) -> Iterator[Words]:
    runs = tuple(_RUNS.findall(word))
    if len(runs) > 1:
        yield runs
        yield tuple(_LETTERS_THEN_DIGITS.findall(word))
        yield (runs[0], word.removeprefix(runs[0]))
        grouped = _group_all_digits(runs)
        yield grouped
        # The last three digits and the unit after them are one word.
        yield (*grouped[:-2], "".join(grouped[-2:]))
    elif word.isdecimal():
        yield from _split_digits(word)
    elif _HEBREW.fullmatch(word):
        yield from _split_hebrew(word)
    elif word in _SPLIT_ABBREVIATIONS:
        yield _SPLIT_ABBREVIATIONS[word]
    elif len(word) == 4 and _is_doubled(word[:2]) and _is_doubled(word[2:]):
        yield (word[:2], word[2:])
    elif word[0] in _BEFORE_APOSTROPHE and len(word) >= _SHORTEST_NAME:
        yield (word[0], word[1:])
    if word.isalpha() and 2 <= len(word) <= _longest_abbreviation(text):
        yield tuple(word)


def _longest_abbreviation(text: str) -> int:
    return _LONGEST_ABBREVIATION if text.isupper() else _LONGEST_SMALL


def _split_digits(digits: str) -> Iterator[Words]:
    if len(digits) < 4 or digits.startswith("0"):
        return
    yield _group_digits(digits, 3)
    if len(digits) > 5:
        yield (*_group_digits(digits[:-3], 2), digits[-3:])


def _group_all_digits(words: Words) -> Words:
    """Return words with the digits of each number in groups of three."""
    return tuple(chain.from_iterable(map(_group_number, words)))


def _group_number(word: str) -> Words:
    is_long = word.isdecimal() and len(word) > 3 and not word.startswith("0")
    return _group_digits(word, 3) if is_long else (word,)


def _group_digits(digits: str, length: int) -> Words:
    first = len(digits) % length
    head = (digits[:first],) if first else ()
    return (*head, *(digits[at : at + length] for at in range(first, len(digits), length)))


def _split_hebrew(word: str) -> Iterator[Words]:
    """Yield a word split as gershayim or geresh would split it: before its end, after its start."""
    for after in dict.fromkeys((len(word) - 1, len(word) - 2, len(word) - 3, 1)):
        if 0 < after < len(word):
            yield (word[:after], word[after:])
