"""Field types of inputs: lines, paragraphs, URLs, instants, slugs; and the base class of inputs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from app.kit.clock import parse_instant
from app.kit.ids import normalize_slug
from app.kit.slugs import MAX_LENGTH, find_slug_problem
from app.kit.text import clean_line, clean_paragraphs
from app.kit.uri import find_address_problem

# PostgreSQL cannot store U+0000.
NO_NUL = r"^[^\x00]*$"


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("instant", "An instant is a string such as 2026-01-12T10:00:00Z")
    try:
        return parse_instant(value)
    except ValueError as error:
        raise PydanticCustomError("instant", "{why}", {"why": str(error)}) from error


def address(value: str) -> str:
    """Validate a URL, as a pydantic validator."""
    problem = find_address_problem(value)
    if problem is not None:
        raise PydanticCustomError("address", "{problem}", {"problem": problem})
    return value


def _validate_slug(value: str) -> str:
    slug = normalize_slug(value)
    problem = find_slug_problem(slug)
    if problem:
        raise PydanticCustomError("slug", "{problem}", {"problem": problem})
    return slug


def text_type(most: int, least: int = 0) -> StringConstraints:
    """Return constraints for text of a length, stripped, without U+0000."""
    return StringConstraints(
        min_length=least, max_length=most, strip_whitespace=True, pattern=NO_NUL
    )


def _clean_line(value: Any) -> Any:
    """Clean a text before its length is checked; pydantic rejects other types afterwards."""
    if not isinstance(value, str):
        return value
    if value.isascii() and value.isprintable() and "  " not in value:
        # Fast path: pydantic strips it afterwards.
        return value
    return clean_line(value)


def _clean_paragraphs(value: Any) -> Any:
    return clean_paragraphs(value) if isinstance(value, str) else value


_ONE_LINE = BeforeValidator(_clean_line)
_PARAGRAPHS = BeforeValidator(_clean_paragraphs)
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Address = Annotated[str, text_type(2000, 1), AfterValidator(address)]
Line = Annotated[str, _ONE_LINE, text_type(1000, 1)]
ShortLine = Annotated[str, _ONE_LINE, text_type(200, 1)]
Paragraph = Annotated[str, _PARAGRAPHS, text_type(20_000)]
# A message to readers, or the reason of a change.
Note = Annotated[str, _PARAGRAPHS, text_type(2_000, 1)]

Slug = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_LENGTH),
    AfterValidator(_validate_slug),
    Field(
        description="The name in addresses: letters of any script, digits and single hyphens. It "
        "is made from the title or name if it is left out.",
        examples=["rooftop-bees-outlast-the-winter"],
    ),
]
Ref = Annotated[str, text_type(MAX_LENGTH, 1), Field(examples=["ansel-tribune"])]


class InvalidFields(Exception):
    """Fields that a model does not accept: the errors, and the model."""

    def __init__(self, model: type[BaseModel], found: list[ErrorDetails]) -> None:
        """Store the errors of pydantic."""
        super().__init__()
        self.model = model
        self.found = found


class Input(BaseModel):
    """The base class of all inputs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """Validate fields; raise `InvalidFields`."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise InvalidFields(cls, found) from error
