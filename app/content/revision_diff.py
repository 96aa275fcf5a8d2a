"""Compare two versions of an article by field, and their texts word by word."""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from app.content.views import WRITABLE

_TEXTS = frozenset({"title", "summary", "body", "dateline"})
# `status` is not part of the text; `corrections` are, although another command writes them.
_FIELDS = sorted(WRITABLE["article"] - {"status"} | {"corrections"})
# A tag, a word or a mark, each with the white space after it.
_WORD = re.compile(r"<[^<>]*>\s*|\w+\s*|[^\w\s]\s*|\s+")
# The time of a comparison grows with the product of both lengths, after equal ends are removed.
_MOST = 4_000_000


def compare_views(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields in which two views of an article differ."""
    return [
        {
            "field": name,
            "before": before[name],
            "after": after[name],
            "words": _compare_texts(before[name], after[name]) if name in _TEXTS else None,
        }
        for name in _FIELDS
        if before[name] != after[name]
    ]


def _compare_texts(before: str | None, after: str | None) -> list[dict[str, str]]:
    """Compare two texts; return their common, removed and added runs in order."""
    old, new = _WORD.findall(before or ""), _WORD.findall(after or "")
    head = _count_equal_start(old, new)
    tail = _count_equal_start(old[head:][::-1], new[head:][::-1])
    until = len(old) - tail, len(new) - tail
    steps = [
        *(("same", word) for word in old[:head]),
        *_compare_words(old[head : until[0]], new[head : until[1]]),
        *(("same", word) for word in old[until[0] :]),
    ]
    return _join_runs(steps)


def _join_runs(steps: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Join neighbours: between two common runs there is at most one removed and one added."""
    runs: list[dict[str, str]] = []
    for changed, group in groupby(steps, key=lambda step: step[0] != "same"):
        texts = dict.fromkeys(("removed", "added") if changed else ("same",), "")
        for op, text in group:
            texts[op] += text
        runs += [{"op": op, "text": text} for op, text in texts.items() if text]
    return runs


def _count_equal_start(first: list[str], second: list[str]) -> int:
    count = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        count += 1
    return count


def _compare_words(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    if len(old) * len(new) > _MOST:
        yield from (("removed", word) for word in old)
        yield from (("added", word) for word in new)
        return
    bare = [_strip_space(word) for word in old], [_strip_space(word) for word in new]
    for op, a, b, c, d in SequenceMatcher(None, *bare, autojunk=False).get_opcodes():
        if op == "equal":
            for left, right in zip(old[a:b], new[c:d], strict=True):
                yield from _compare_space(left, right)
        else:
            yield from (("removed", word) for word in old[a:b])
            yield from (("added", word) for word in new[c:d])


def _strip_space(word: str) -> str:
    """Return a word without its white space: the same word may end a sentence."""
    return word.rstrip() or " "


def _compare_space(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield a common word, and the difference of the white space after it."""
    if old == new:
        yield "same", old
        return
    word = old.rstrip()
    if word:
        yield "same", word
    yield "removed", old[len(word) :]
    yield "added", new[len(word) :]
