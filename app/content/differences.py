"""What differs between two versions of an article: field by field, and in text word by word."""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from app.content.views import WRITABLE

_TEXTS = frozenset({"title", "summary", "body", "dateline"})
# Whether the working copy is the public one is no part of what was written; corrections are,
# though by a verb of their own.
_FIELDS = sorted(WRITABLE["article"] - {"status"} | {"corrections"})
# A tag, a word or a mark, each with the space behind it.
_WORD = re.compile(r"<[^<>]*>\s*|\w+\s*|[^\w\s]\s*|\s+")
# Comparing takes time with the product of both lengths, after what is equal at both ends is cut.
_MOST = 4_000_000


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the written fields in which two views of an article differ."""
    return [
        {
            "field": name,
            "before": before[name],
            "after": after[name],
            "words": _words(before[name], after[name]) if name in _TEXTS else None,
        }
        for name in _FIELDS
        if before[name] != after[name]
    ]


def _words(before: str | None, after: str | None) -> list[dict[str, str]]:
    """Return two texts as one: what stands in both, what was removed, and what was added."""
    old, new = _WORD.findall(before or ""), _WORD.findall(after or "")
    head = _equal_at_start(old, new)
    tail = _equal_at_start(old[head:][::-1], new[head:][::-1])
    until = len(old) - tail, len(new) - tail
    steps = [
        *(("same", word) for word in old[:head]),
        *_compared(old[head : until[0]], new[head : until[1]]),
        *(("same", word) for word in old[until[0] :]),
    ]
    return _runs(steps)


def _runs(steps: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Join neighbours; between two runs of what is the same, one of each that is not."""
    runs: list[dict[str, str]] = []
    for changed, group in groupby(steps, key=lambda step: step[0] != "same"):
        texts = dict.fromkeys(("removed", "added") if changed else ("same",), "")
        for op, text in group:
            texts[op] += text
        runs += [{"op": op, "text": text} for op, text in texts.items() if text]
    return runs


def _equal_at_start(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _compared(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    if len(old) * len(new) > _MOST:
        yield from (("removed", word) for word in old)
        yield from (("added", word) for word in new)
        return
    bare = [_bare(word) for word in old], [_bare(word) for word in new]
    for op, a, b, c, d in SequenceMatcher(None, *bare, autojunk=False).get_opcodes():
        if op == "equal":
            for left, right in zip(old[a:b], new[c:d], strict=True):
                yield from _spaced(left, right)
        else:
            yield from (("removed", word) for word in old[a:b])
            yield from (("added", word) for word in new[c:d])


def _bare(word: str) -> str:
    """Return a word without the space behind it: it is the same word at the end of a sentence."""
    return word.rstrip() or " "


def _spaced(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield a word that stands in both, and what differs of the space behind it."""
    if old == new:
        yield "same", old
        return
    word = old.rstrip()
    if word:
        yield "same", word
    yield "removed", old[len(word) :]
    yield "added", new[len(word) :]
