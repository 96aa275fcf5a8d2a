"""Kinds of fields that any input is made of: lines, paragraphs, addresses, instants."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from app.kit.clock import parse_instant
from app.kit.text import one_line, paragraphs
from app.kit.uri import address_problem

# PostgreSQL cannot keep U+0000, and no reader wants it.
NO_NUL = r"^[^\x00]*$"


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("instant", "An instant is a string such as 2026-01-12T10:00:00Z")
    try:
        return parse_instant(value)
    except ValueError as wrong:
        raise PydanticCustomError("instant", "{why}", {"why": str(wrong)}) from wrong


def address(value: str) -> str:
    """Return a sound address, or raise what pydantic reports of one that is not."""
    problem = address_problem(value)
    if problem is not None:
        raise PydanticCustomError("address", "{problem}", {"problem": problem})
    return value


def text_of(most: int, least: int = 0) -> StringConstraints:
    """Describe text of a length, without spaces around it and without U+0000."""
    return StringConstraints(
        min_length=least, max_length=most, strip_whitespace=True, pattern=NO_NUL
    )


def _one_line(value: Any) -> Any:
    """Clean a text before its length is looked at; what is no text is refused after it."""
    if not isinstance(value, str):
        return value
    if value.isascii() and value.isprintable() and "  " not in value:
        # Its ends are stripped afterwards.
        return value
    return one_line(value)


def _paragraphs(value: Any) -> Any:
    return paragraphs(value) if isinstance(value, str) else value


_ONE_LINE = BeforeValidator(_one_line)
_PARAGRAPHS = BeforeValidator(_paragraphs)
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Address = Annotated[str, text_of(2000, 1), AfterValidator(address)]
Line = Annotated[str, _ONE_LINE, text_of(1000, 1)]
ShortLine = Annotated[str, _ONE_LINE, text_of(200, 1)]
Paragraph = Annotated[str, _PARAGRAPHS, text_of(20_000)]
# What is said to readers, or kept as the reason of a change.
Note = Annotated[str, _PARAGRAPHS, text_of(2_000, 1)]


class InvalidFields(Exception):
    """Fields were sent that a model does not accept: what is wrong with them, and the model."""

    def __init__(self, model: type[BaseModel], found: list[ErrorDetails]) -> None:
        """Keep what pydantic found."""
        super().__init__()
        self.model = model
        self.found = found


class Input(BaseModel):
    """The root of all inputs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """Return the input that has these fields; raise `InvalidFields`."""
        try:
            return cls.model_validate(fields)
        except ValidationError as wrong:
            found = wrong.errors(include_url=False, include_input=False)
            raise InvalidFields(cls, found) from wrong
