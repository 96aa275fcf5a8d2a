"""Query parameters, each declared once: its parser, its default, and its description.

The declaration drives parsing, the OpenAPI document, the canonical form of a query, and what
resources accept. Unknown names are refused: nothing is ever ignored.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from unicodedata import normalize
from urllib.parse import parse_qsl, urlencode

from app.content.inputs import normalize_language
from app.kit.bounded_cache import BoundedCache
from app.kit.clock import parse_date, parse_instant_or_date
from app.kit.errors import BadParameter, FieldError
from app.kit.quoting import quote_text, shorten
from app.kit.similar_names import find_nearest

STRING: Mapping[str, Any] = {"type": "string"}
# No `format`: a date is accepted, too.
INSTANT: Mapping[str, Any] = {"type": "string", "examples": ["2026-01-12T10:00:00Z", "2026-01-12"]}
_DATE: Mapping[str, Any] = {"type": "string", "format": "date", "examples": ["2026-01-12"]}
# Languages in an order of preference.
MOST_PREFERRED = 10
_MOST_SENT = 200
# The detail names so many unknown parameters; `errors` has all.
_MOST_NAMED = 5
# Queries up to this length are remembered with their canonical form; the bytes of all of them,
# and what an entry takes in addition to its texts.
_LONGEST = 1_000
_MOST_BYTES, _ENTRY_BYTES = 4 * 2**20, 400

T = TypeVar("T")
# An item of a closed list: where the list is typed, what is chosen of it is, too.
Word = TypeVar("Word", bound=str)
# Called with the name of a parameter and the text that was sent; raises `BadParameter`.
Parser = Callable[[str, str], T]


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """What the OpenAPI document says of a parameter."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Declaration, Generic[T]):
    """A parameter that may be sent once.

    `default` is its value if it is left out, and `default_with` where one of other parameters
    is sent. `default_text` means the same as leaving it out: canonical forms are without it. Free
    text may be empty, and have any character. A list may be sent in several parts: generators of
    clients repeat its name.
    """

    parse: Parser[T]
    default: T
    default_text: str | None = None
    default_with: Mapping[str, T] = field(default_factory=dict)
    is_free_text: bool = False
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Values:
    """The parameters of one request; each is parsed when it is read, by its declaration.

    So of several errors a reader is told the first in the order in which a resource reads.
    """

    sent: Mapping[str, list[str]]

    def __getitem__(self, parameter: Parameter[T]) -> T:
        """Return the value of a parameter, or its default."""
        name = parameter.name
        texts = self.sent.get(name)
        if texts is None:
            for other, value in parameter.default_with.items():
                if other in self.sent:
                    return value
            return parameter.default
        if len(texts) > 1 and not parameter.is_list:
            raise bad(name, "repeated", f"{name!r} may stand only once.")
        text = texts[0] if len(texts) == 1 else ",".join(texts)
        if not parameter.is_free_text and (not text or "\0" in text):
            raise bad(name, "invalid", f"{name!r} has no usable value.")
        return parameter.parse(name, text)

    def has(self, parameter: Declaration) -> bool:
        """Tell whether a parameter was sent."""
        return parameter.name in self.sent


class ParameterSet:
    """The parameters that a resource accepts, in the order of its documentation."""

    def __init__(self, *declarations: Declaration) -> None:
        """Accept these parameters, and no others."""
        self._declarations = {declared.name: declared for declared in declarations}
        self._defaults: dict[str, str] = {}
        self._defaults_with: dict[str, dict[str, str]] = {}
        for declared in declarations:
            if isinstance(declared, Parameter) and declared.default_text is not None:
                self._defaults[declared.name] = declared.default_text
                others = {other: str(value) for other, value in declared.default_with.items()}
                self._defaults_with[declared.name] = others

    def __iter__(self) -> Iterator[Declaration]:
        return iter(self._declarations.values())

    @property
    def names(self) -> Set[str]:
        """Return the names of all parameters."""
        return self._declarations.keys()

    def without(self, *left_out: Declaration) -> "ParameterSet":
        """Return a set that does not accept some of these parameters."""
        return ParameterSet(*(declared for declared in self if declared not in left_out))

    def parse(self, query_string: bytes) -> Values:
        """Return the values that were sent; refuse unknown names, and suggest similar ones."""
        sent: dict[str, list[str]] = {}
        unknown: dict[str, None] = {}
        for name, text in _pairs(query_string):
            if name in self._declarations:
                sent.setdefault(name, []).append(text)
            else:
                unknown[name] = None
        if unknown:
            raise _unknown(unknown, self.names)
        return Values(sent)

    def canonical(self, query_string: bytes) -> bytes:
        """Return a query string with its parameters in order and defaults left out.

        Of a parameter that is repeated all must hold, so their order means nothing either. What is
        typed on some systems comes decomposed, and means what it means composed. A query that
        cannot be read stays as it is, and is refused by `parse`.
        """
        if not query_string:
            return query_string
        if len(query_string) > _LONGEST:
            return self._fold(query_string)
        known = _canonical.get((self, query_string))
        if known is None:
            known = _canonical[(self, query_string)] = self._fold(query_string)
        return known

    def _fold(self, query_string: bytes) -> bytes:
        try:
            pairs = _pairs(query_string)
        except BadParameter:
            return query_string
        defaults, times = dict(self._defaults), dict[str, int]()
        for name, _ in pairs:
            times[name] = times.get(name, 0) + 1
        for name, others in self._defaults_with.items():
            # The first that was sent decides, as in `Values`.
            for other, text in others.items():
                if other in times:
                    defaults[name] = text
                    break
        kept: list[tuple[str, str]] = []
        for name, text in pairs:
            composed = normalize("NFC", text)
            # Sent twice it is an error, even if both times it is the default.
            if composed != defaults.get(name) or times[name] > 1:
                kept.append((name, composed))
        return urlencode(sorted(kept)).encode()


NO_PARAMETERS = ParameterSet()
_canonical: BoundedCache[tuple[ParameterSet, bytes], bytes] = BoundedCache(
    _MOST_BYTES, lambda key, query: _ENTRY_BYTES + len(key[1]) + len(query)
)


def declare_text(name: str, description: str) -> Parameter[str | None]:
    """Declare a text."""
    return Parameter(name, description, STRING, lambda _, sent: sent, None)


def declare_number(
    name: str, default: int, least: int, most: int, description: str
) -> Parameter[int]:
    """Declare a whole number within limits."""
    schema = {"type": "integer", "minimum": least, "maximum": most, "default": default}
    parse = number_parser(least, most)
    return Parameter(name, description, schema, parse, default, default_text=str(default))


def declare_choice(
    name: str, enum: str, choices: Collection[Word], default: T, description: str
) -> Parameter[Word | T]:
    """Declare an item of a closed list; `enum` is the name of the list in the OpenAPI document."""
    schema = {"type": "string", "enum": list(choices), "title": enum}
    parse: Parser[Word | T] = choice_parser(choices)
    return Parameter(name, description, schema, parse, default)


def declare_flag(name: str, description: str) -> Parameter[bool]:
    """Declare `true` or `false`."""
    schema = {"type": "boolean", "default": False}
    choose = choice_parser(("true", "false"))

    def parse(name: str, sent: str) -> bool:
        return choose(name, sent) == "true"

    return Parameter(name, description, schema, parse, default=False, default_text="false")


def declare_words(
    name: str, enum: str, known: Collection[Word], description: str
) -> Parameter[tuple[Word, ...]]:
    """Declare a comma list of words of a closed list, which the OpenAPI document calls `enum`."""
    parse = words_parser(known)
    return Parameter(name, description, words_schema(enum, known), parse, (), is_list=True)


def words_schema(enum: str, known: Collection[str]) -> dict[str, Any]:
    """Return the schema of a comma list of words of a closed list."""
    return {"type": "array", "items": {"type": "string", "enum": list(known), "title": enum}}


def declare_languages(name: str, description: str) -> Parameter[tuple[str, ...]]:
    """Declare a comma list of language tags in the order of preference."""
    schema = {"type": "array", "items": STRING, "maxItems": MOST_PREFERRED}
    return Parameter(name, description, schema, _parse_languages, ())


def declare_instant(name: str, description: str) -> Parameter[datetime | None]:
    """Declare an instant, or the first moment of a date in UTC."""
    return Parameter(name, description, INSTANT, _parse_instant, None)


def declare_date(name: str, description: str) -> Parameter[date | None]:
    """Declare a date in UTC."""
    return Parameter(name, description, _DATE, _parse_date, None)


def number_parser(least: int, most: int) -> Parser[int]:
    """Return a parser of whole numbers within limits."""

    def parse(name: str, sent: str) -> int:
        is_number = sent.isascii() and sent.isdigit() and len(sent) < 10
        if not is_number or not least <= int(sent) <= most:
            raise bad(name, "out_of_range", f"{name!r} is a number from {least} to {most}.")
        return int(sent)

    return parse


def choice_parser(choices: Collection[Word]) -> Parser[Word]:
    """Return a parser of the items of a closed list."""
    by_text: dict[str, Word] = {word: word for word in choices}

    def parse(name: str, sent: str) -> Word:
        if sent in by_text:
            return by_text[sent]
        listed = ", ".join(sorted(choices))
        raise bad(
            name, "not_allowed", f"{name!r} is one of {listed}.{build_suggestion(sent, choices)}"
        )

    return parse


def words_parser(known: Collection[Word]) -> Parser[tuple[Word, ...]]:
    """Return a parser of comma lists of known words; what is repeated counts once."""
    by_text: dict[str, Word] = {word: word for word in known}

    def parse(name: str, sent: str) -> tuple[Word, ...]:
        chosen: dict[Word, None] = {}
        for part in sent.split(","):
            word = part.strip()
            if word not in by_text:
                detail = f"{name!r} knows no {quote_text(word)}.{build_suggestion(word, known)}"
                raise bad(name, "not_allowed", detail)
            chosen[by_text[word]] = None
        return tuple(chosen)

    return parse


def parse_language(name: str, sent: str) -> str:
    """Return a language tag in lower case."""
    try:
        return normalize_language(sent).lower()
    except ValueError as wrong:
        raise bad(name, "bad_language", f"{quote_text(sent)} is not a BCP 47 tag.") from wrong


def bad(name: str, code: str, detail: str) -> BadParameter:
    """Build the failure of one parameter."""
    return BadParameter(detail, errors=[FieldError(f"?{name}", code, detail)])


def build_suggestion(sent: str, known: Iterable[str]) -> str:
    """Return " Did you mean …?" with the most similar known text, or an empty text."""
    meant = find_nearest(sent, known)
    return f" Did you mean {meant!r}?" if meant else ""


def _parse_languages(name: str, sent: str) -> tuple[str, ...]:
    tags = sent.split(",")
    if len(tags) > MOST_PREFERRED:
        raise bad(name, "too_long", f"{name!r} takes at most {MOST_PREFERRED} languages.")
    return tuple(dict.fromkeys(parse_language(name, tag.strip()) for tag in tags))


def _parse_instant(name: str, sent: str) -> datetime:
    try:
        return parse_instant_or_date(sent)
    except ValueError as wrong:
        detail = f"{name!r} is an instant such as 2026-01-12T10:00:00Z (a + is %2B), or a date."
        raise bad(name, "bad_instant", detail) from wrong


def _parse_date(name: str, sent: str) -> date:
    try:
        return parse_date(sent)
    except ValueError as wrong:
        raise bad(name, "bad_format", f"{name!r} is a date such as 2026-01-12.") from wrong


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_SENT,
        )
    except ValueError as wrong:
        raise BadParameter(
            "The query string is not percent-encoded UTF-8, or has over 200 parameters."
        ) from wrong


def _unknown(names: Iterable[str], known: Collection[str]) -> BadParameter:
    listed = ", ".join(sorted(known)) or "none"
    errors: list[FieldError] = []
    for name in names:
        advice = build_suggestion(name, known) or f" Known here: {listed}."
        detail = f"There is no parameter {quote_text(name)}.{advice}"
        errors.append(FieldError(f"?{shorten(name)}", "unknown_parameter", detail))
    return BadParameter(" ".join(error.detail for error in errors[:_MOST_NAMED]), errors=errors)
