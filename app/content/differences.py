"""What differs between two versions of an article: field by field, and in text word by word."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from app.content.views import WRITABLE

_TEXTS = frozenset({"title", "summary", "body", "dateline"})
# Whether the working copy is the public one is no part of what was written; corrections are,
# though by a verb of their own.
_FIELDS = sorted(WRITABLE["article"] - {"status"} | {"corrections"})
# A tag, a word or a mark, each with the space behind it.
_WORD = re.compile(r"<[^>]*>\s*|\w+\s*|[^\w\s]\s*|\s+")
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
    parts = [
        ("same", old[:head]),
        *_compared(old[head : until[0]], new[head : until[1]]),
        ("same", old[until[0] :]),
    ]
    return [{"op": op, "text": "".join(words)} for op, words in parts if words]


def _equal_at_start(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _compared(old: list[str], new: list[str]) -> Iterator[tuple[str, list[str]]]:
    if len(old) * len(new) > _MOST:
        yield "removed", old
        yield "added", new
        return
    for op, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            yield "same", old[a:b]
        else:
            yield "removed", old[a:b]
            yield "added", new[c:d]
