"""The query string: known names only, each in its form; nothing is ever ignored."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Literal, TypeVar
from urllib.parse import parse_qsl

from app.access.selection import Clause, Field, Selection, Span, fold
from app.api.http.nearest import nearest
from app.content.inputs import normal_language
from app.content.slugs import normal_slug
from app.kit.clock import parse_instant_or_date
from app.kit.errors import BadParameter, FieldError
from app.kit.ids import is_id
from app.kit.quoting import quoted, shortened

FILTERS = ("category", "source", "language", "tag", "author", "kind", "ids")
SPANS = ("published_after", "published_before", "updated_after", "updated_before")
MOST_VALUES = 100
# Languages in an order of preference.
MOST_PREFERRED = 10
_MOST_CLAUSES = 20
_MOST_IN_ALL = 200
# Of so many unknown parameters the detail speaks; `errors` has all.
_MOST_TOLD = 5
_FIELDS: dict[str, Field] = {
    "category": "category",
    "source": "source",
    "language": "language",
    "tag": "tag",
    "author": "author",
    "kind": "kind",
    "ids": "id",
}

# Given a type and a ref, returns its id, or nothing; and the refs that there are, for a guess.
TaxonomyType = Literal["source", "category"]
Resolver = Callable[[TaxonomyType, str], str | None]
Suggester = Callable[[TaxonomyType], Iterable[str]]

# One of a closed list: where the list is typed, what is chosen of it is, too.
Word = TypeVar("Word", bound=str)


class Parameters:
    """The parameters of one request, of which only `known` names may occur."""

    def __init__(self, query_string: bytes, known: Collection[str]) -> None:
        """Split the query string; refuse unknown names, with the nearest known one."""
        try:
            pairs = parse_qsl(
                query_string.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=200,
            )
        except ValueError as wrong:
            raise BadParameter(
                "The query string is not percent-encoded UTF-8, or has over 200 parameters."
            ) from wrong
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)
        self._check(known)

    def text(self, name: str) -> str | None:
        """Return a parameter that may stand once, or nothing."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise bad(name, "repeated", f"{name!r} may stand only once.")
        if not values[0] or "\0" in values[0]:
            raise bad(name, "invalid", f"{name!r} has no usable value.")
        return values[0]

    def typed(self, name: str) -> str | None:
        """Return what a person typed, whatever it is, or nothing where the parameter is absent."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise bad(name, "repeated", f"{name!r} may stand only once.")
        return values[0].replace("\0", " ")

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number within limits."""
        value = self.text(name)
        if value is None:
            return default
        plain = value.isascii() and value.isdigit() and len(value) < 10
        if not plain or not least <= int(value) <= most:
            raise bad(name, "out_of_range", f"{name!r} is a number from {least} to {most}.")
        return int(value)

    def choice(self, name: str, choices: Collection[Word], default: Word) -> Word:
        """Return one of a few words."""
        chosen = self.one_of(name, choices)
        return default if chosen is None else chosen

    def one_of(self, name: str, choices: Collection[Word]) -> Word | None:
        """Return one of a few words, or nothing where the parameter is absent."""
        value = self.text(name)
        if value is None:
            return None
        for one in choices:
            if one == value:
                return one
        guess = nearest(value, choices)
        listed = ", ".join(sorted(choices))
        meant = f" Did you mean {guess!r}?" if guess else ""
        raise bad(name, "not_allowed", f"{name!r} is one of {listed}.{meant}")

    def flag(self, name: str) -> bool:
        """Return whether a parameter says `true`."""
        return self.choice(name, ("true", "false"), "false") == "true"

    def words(self, name: str, known: Collection[Word]) -> tuple[Word, ...]:
        """Return a comma list of known words."""
        value = self.text(name)
        if value is None:
            return ()
        by_text: dict[str, Word] = {one: one for one in known}
        chosen = dict.fromkeys(part.strip() for part in value.split(","))
        for word in chosen:
            if word not in by_text:
                guess = nearest(word, known)
                meant = f" Did you mean {guess!r}?" if guess else ""
                raise bad(name, "not_allowed", f"{name!r} knows no {quoted(word)}.{meant}")
        return tuple(by_text[word] for word in chosen)

    def languages(self, name: str) -> tuple[str, ...]:
        """Return a comma list of language tags in the order of preference, or nothing."""
        if name not in self._values:
            return ()
        tags = (self.text(name) or "").split(",")
        if len(tags) > MOST_PREFERRED:
            raise bad(name, "too_long", f"{name!r} takes at most {MOST_PREFERRED} languages.")
        return tuple(dict.fromkeys(_language(tag.strip(), name) for tag in tags))

    def instant(self, name: str) -> datetime | None:
        """Return an instant, or the first moment of a date in UTC."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse_instant_or_date(value)
        except ValueError as wrong:
            detail = f"{name!r} is an instant such as 2026-01-12T10:00:00Z (a + is %2B), or a date."
            raise bad(name, "bad_instant", detail) from wrong

    def has(self, *names: str) -> bool:
        """Tell whether any of these parameters was sent."""
        return any(name in self._values for name in names)

    def selection(self, resolve: Resolver, suggest: Suggester) -> Selection:
        """Return what the filters select; categories and sources are turned into ids."""
        clauses = [
            self._clause(name, value, resolve, suggest)
            for name in FILTERS
            for value in self._values.get(name, ())
        ]
        if len(clauses) > _MOST_CLAUSES:
            raise BadParameter(f"At most {_MOST_CLAUSES} filters may be combined.")
        if sum(len(one.included) + len(one.excluded) for one in clauses) > _MOST_IN_ALL:
            raise BadParameter(f"All filters together take at most {_MOST_IN_ALL} values.")
        return Selection(
            clauses=tuple(clauses),
            published=Span(self.instant("published_after"), self.instant("published_before")),
            updated=Span(self.instant("updated_after"), self.instant("updated_before")),
        )

    def _clause(self, name: str, text: str, resolve: Resolver, suggest: Suggester) -> Clause:
        included: dict[str, None] = {}
        excluded: dict[str, None] = {}
        values = split_list(text)
        if len(values) > MOST_VALUES:
            raise bad(name, "too_long", f"{name!r} takes at most {MOST_VALUES} values.")
        for negated, value in values:
            if not value or "\0" in value:
                raise bad(name, "invalid", f"{name!r} has an empty value.")
            chosen = _value(name, value, resolve, suggest)
            (excluded if negated else included)[chosen] = None
        return Clause(_FIELDS[name], tuple(included), tuple(excluded))

    def _check(self, known: Collection[str]) -> None:
        errors = [
            FieldError(f"?{shortened(name)}", "unknown_parameter", _unknown(name, known))
            for name in self._values
            if name not in known
        ]
        if errors:
            raise BadParameter(" ".join(one.detail for one in errors[:_MOST_TOLD]), errors=errors)


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


def bad(name: str, code: str, detail: str) -> BadParameter:
    """Blame one parameter."""
    return BadParameter(detail, errors=[FieldError(f"?{name}", code, detail)])


def _value(name: str, value: str, resolve: Resolver, suggest: Suggester) -> str:
    match name:
        case "category" | "source":
            return _reference(name, value, resolve, suggest)
        case "language":
            return _language(value)
        case "tag" | "author":
            return fold(value)
        case "ids":
            if not is_id(value):
                raise bad(name, "bad_format", f"{quoted(value)} is not an id (a UUID).")
            return value.lower()
        case _:
            return value


def _reference(name: TaxonomyType, value: str, resolve: Resolver, suggest: Suggester) -> str:
    ref = value.lower() if is_id(value) else normal_slug(value)
    found = resolve(name, ref)
    if found is not None:
        return found
    guess = nearest(ref, suggest(name))
    meant = f" Did you mean {guess!r}?" if guess else ""
    raise bad(name, "unknown_reference", f"There is no {name} {quoted(value)}.{meant}")


def _language(value: str, name: str = "language") -> str:
    try:
        return normal_language(value).lower()
    except ValueError as wrong:
        raise bad(name, "bad_language", f"{quoted(value)} is not a BCP 47 tag.") from wrong


def _unknown(name: str, known: Collection[str]) -> str:
    guess = nearest(name, known)
    if guess is not None:
        return f"There is no parameter {quoted(name)}. Did you mean {guess!r}?"
    listed = ", ".join(sorted(known)) or "none"
    return f"There is no parameter {quoted(name)}. Known here: {listed}."
