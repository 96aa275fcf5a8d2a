"""Filters of lists: comma lists with exclusions, and spans of time, read as a `Selection`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from app.access.entitlement import PUBLIC, Entitlement
from app.access.selection import Clause, Field, Selection, TimeRange, fold
from app.api.http.parameters import (
    STRING,
    Declaration,
    Values,
    bad,
    build_suggestion,
    declare_instant,
    parse_language,
)
from app.content.inputs import is_kind
from app.kit.errors import BadParameter
from app.kit.ids import is_id, normalize_ref
from app.kit.quoting import quote_text

MOST_VALUES = 100
_MOST_CLAUSES = 20
_MOST_IN_ALL = 200
_GRAMMAR = (
    f"The values of one list (at most {MOST_VALUES}) mean *or*; a value with a leading `-` "
    "excludes. Repeat the parameter for *and*: `tag=bees&tag=frost` finds stories with both tags. "
    "Write `\\,` for a comma and `\\-` for a leading minus inside a value."
)
_LIST = {"type": "array", "items": STRING, "minItems": 1, "maxItems": MOST_VALUES}
TaxonomyType = Literal["source", "category"]


class References(Protocol):
    """Resolves the categories and sources that filters name by id or slug."""

    def resolve(self, type_: TaxonomyType, ref: str, /) -> str | None:
        """Return the id of an id or slug, or None."""

    def list_slugs(self, type_: TaxonomyType, /) -> Iterable[str]:
        """Return all slugs of a type, for suggestions."""


class _AnyName:
    """References for readers without grants, who learn no names: each name is taken as an id."""

    def resolve(self, _: TaxonomyType, ref: str) -> str:
        return ref

    def list_slugs(self, _: TaxonomyType) -> Iterable[str]:
        return ()


_ANY_NAME = _AnyName()


@dataclass(frozen=True, slots=True, eq=False)
class Filter(Declaration):
    """A parameter that may be repeated; each time it is a comma list, and a clause.

    `read` is called with a value of the list, and returns it as it is compared.
    """

    field: Field
    read: Callable[[str, References], str]


def read_selection(
    values: Values, references: References, entitlement: Entitlement = PUBLIC
) -> Selection:
    """Parse the filters of a request; categories and sources become ids.

    `entitlement` is that of a reader of public routes.
    """
    if not entitlement.grants:
        references = _ANY_NAME
    clauses: list[Clause] = []
    number = 0
    for declared in MANAGED_FILTERS:
        for text in values.sent.get(declared.name, ()):
            clause = _clause(declared, text, references)
            clauses.append(clause)
            number += len(clause.included) + len(clause.excluded)
    if len(clauses) > _MOST_CLAUSES:
        raise BadParameter(f"At most {_MOST_CLAUSES} filters may be combined.")
    if number > _MOST_IN_ALL:
        raise BadParameter(f"All filters together take at most {_MOST_IN_ALL} values.")
    return Selection(
        clauses=tuple(clauses),
        published=TimeRange(values[PUBLISHED_AFTER], values[PUBLISHED_BEFORE]),
        updated=TimeRange(values[UPDATED_AFTER], values[UPDATED_BEFORE]),
    )


def split_list(text: str) -> list[tuple[bool, str]]:
    r"""Split a comma list; each value comes with whether a leading minus excludes it.

    A backslash takes the next character as it is, so `\,` and `\-` are a comma and a minus.
    """
    values: list[tuple[bool, str]] = []
    negated, value, started = False, "", False
    characters = iter(text)
    for character in characters:
        if character == ",":
            values.append((negated, value.strip()))
            negated, value, started = False, "", False
            continue
        if character == "-" and not started:
            negated = True
        else:
            value += next(characters, "") if character == "\\" else character
        started = True
    values.append((negated, value.strip()))
    return values


def _clause(declared: Filter, text: str, references: References) -> Clause:
    name = declared.name
    included: dict[str, None] = {}
    excluded: dict[str, None] = {}
    values = split_list(text)
    if len(values) > MOST_VALUES:
        raise bad(name, "too_long", f"{name!r} takes at most {MOST_VALUES} values.")
    for negated, value in values:
        if not value or "\0" in value:
            raise bad(name, "invalid", f"{name!r} has an empty value.")
        (excluded if negated else included)[declared.read(value, references)] = None
    return Clause(declared.field, tuple(included), tuple(excluded))


def _resolve(type_: TaxonomyType, value: str, references: References) -> str:
    ref = normalize_ref(value)
    known = references.resolve(type_, ref)
    if known is not None:
        return known
    suggestion = build_suggestion(ref, references.list_slugs(type_))
    detail = f"There is no {type_} {quote_text(value)}.{suggestion}"
    raise bad(type_, "unknown_reference", detail)


def _read_id(value: str, _: References) -> str:
    if not is_id(value):
        raise bad("ids", "bad_format", f"{quote_text(value)} is not an id (a UUID).")
    return value.lower()


def _read_kind(value: str, _: References) -> str:
    kind = value.lower()
    if not is_kind(kind):
        raise bad("kind", "bad_format", f"{quote_text(value)} is no kind: a word such as 'news'.")
    return kind


def _filter(
    name: str, field: Field, description: str, read: Callable[[str, References], str]
) -> Filter:
    return Filter(name, f"{description} {_GRAMMAR}", _LIST, field, read)


FILTERS = (
    _filter(
        "category",
        "category",
        "Ids or slugs of categories; each includes all categories below it.",
        partial(_resolve, "category"),
    ),
    _filter("source", "source", "Ids or slugs of sources.", partial(_resolve, "source")),
    _filter(
        "language",
        "language",
        "BCP 47 tags; `fr` includes `fr-CA`.",
        lambda value, _: parse_language("language", value),
    ),
    _filter("tag", "tag", "Tags, in any case.", lambda value, _: fold(value)),
    _filter("author", "author", "Names of authors, in any case.", lambda value, _: fold(value)),
    _filter(
        "kind", "kind", "Kinds of text, such as `news` or `analysis`, in any case.", _read_kind
    ),
    _filter(
        "ids",
        "id",
        "Ids of stories. Public lists and feeds take slugs, too, and have this order by default.",
        _read_id,
    ),
)
# Labels are not public: only the newsroom selects by them.
MANAGED_FILTERS = (
    *FILTERS,
    _filter("label", "label", "Labels, in any case.", lambda value, _: fold(value)),
)
PUBLISHED_AFTER = declare_instant(
    "published_after", "Published at or after this instant or UTC date."
)
PUBLISHED_BEFORE = declare_instant("published_before", "Published before this instant or UTC date.")
UPDATED_AFTER = declare_instant("updated_after", "Updated at or after this instant or UTC date.")
UPDATED_BEFORE = declare_instant("updated_before", "Updated before this instant or UTC date.")
SPANS = (PUBLISHED_AFTER, PUBLISHED_BEFORE, UPDATED_AFTER, UPDATED_BEFORE)
