"""A selection of stories as a value: filters of a request or of a subscription.

It contains ids, not slugs, so it keeps its meaning when something is renamed. Delivery turns it
into SQL; readers of the change log test rows with `matches`.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypedDict

from app.kit.bounded_cache import entries_within
from app.kit.clock import from_micros, parse_instant, to_micros

Field = Literal["category", "source", "language", "tag", "author", "kind", "label", "id"]


class SelectionFields(TypedDict, total=False):
    """The fields that stories are selected by, as in the change log.

    Erased stories have no `tag`, `author` and `label`. Rows from before labels have no `label`.
    `withdrawn_at` is when a story was withdrawn, if that was before the row or tombstone.
    """

    id: list[str]
    category: list[str]
    source: list[str]
    language: list[str]
    tag: list[str]
    author: list[str]
    kind: list[str]
    label: list[str]
    group: list[str]
    published_at: str
    updated_at: str
    withdrawn_at: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition: any of `included` (if not empty), and none of `excluded`."""

    field: Field
    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A time range from `start` (inclusive) to `end` (exclusive); either may be None."""

    start: datetime | None = None
    end: datetime | None = None

    def includes(self, moment: datetime) -> bool:
        """Tell whether an instant is in the range."""
        if self.start is not None and moment < self.start:
            return False
        return self.end is None or moment < self.end


@dataclass(frozen=True, slots=True)
class Selection:
    """Stories that match all clauses and both time ranges."""

    clauses: tuple[Clause, ...] = ()
    published: TimeRange = TimeRange()
    updated: TimeRange = TimeRange()

    def matches(self, attributes: SelectionFields) -> bool:
        """Tell whether a story with these fields is in the selection."""
        return (
            all(_matches_clause(clause, attributes) for clause in self.clauses)
            and _matches_range(self.published, attributes["published_at"])
            and _matches_range(self.updated, attributes["updated_at"])
        )

    def needs_erased_labels(self, attributes: SelectionFields) -> bool:
        """Tell whether it depends on labels that were erased.

        Such a story may have matched, which is enough for a removal, and not for an upsert.
        """
        by_label = any(clause.field == "label" for clause in self.clauses)
        return by_label and _find_values("label", attributes) is None


def selection_to_json(selection: Selection) -> list[Any]:
    """Return a selection as a small JSON value."""
    clauses = [[clause.field, clause.included, clause.excluded] for clause in selection.clauses]
    return [clauses, _dump_range(selection.published), _dump_range(selection.updated)]


def selection_from_json(value: list[Any]) -> Selection:
    """Parse a selection from its JSON value."""
    clauses, published, updated = value
    return Selection(
        tuple(Clause(field, tuple(yes), tuple(no)) for field, yes, no in clauses),
        TimeRange(*map(_parse_moment, published)),
        TimeRange(*map(_parse_moment, updated)),
    )


def fold(text: str) -> str:
    """Normalize a tag or author for comparisons: NFC, case folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


# Longer tags are not cached: this is enough for language, script, region and variant.
_LONGEST_TAG = 35


def language_ranges(tag: str) -> tuple[str, ...]:
    """Return every language range that includes a tag, widest first: `fr`, then `fr-ca`.

    Basic filtering of RFC 4647, section 3.3.1, in lower case.
    """
    # Cached, since there are few languages.
    return (_known_ranges if len(tag) <= _LONGEST_TAG else _split_ranges)(tag)


def _split_ranges(tag: str) -> tuple[str, ...]:
    parts = tag.lower().split("-")
    return tuple("-".join(parts[: count + 1]) for count in range(len(parts)))


_known_ranges = lru_cache(entries_within(2**20, 8 * _LONGEST_TAG))(_split_ranges)


def _dump_range(span: TimeRange) -> list[int | None]:
    return [to_micros(moment) if moment is not None else None for moment in (span.start, span.end)]


def _parse_moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _matches_range(span: TimeRange, instant: str) -> bool:
    return span == TimeRange() or span.includes(parse_instant(instant))


def _matches_clause(clause: Clause, attributes: SelectionFields) -> bool:
    values = _find_values(clause.field, attributes)
    if values is None:
        # The field was erased, so the story may have matched.
        return True
    if clause.included and not any(value in values for value in clause.included):
        return False
    return not any(value in values for value in clause.excluded)


def _find_values(field: Field, attributes: SelectionFields) -> list[str] | None:
    """Return the values of a field, or None if they were erased."""
    if field == "label" and "label" not in attributes and "tag" in attributes:
        # The row was written before stories had labels.
        return []
    return attributes.get(field)
