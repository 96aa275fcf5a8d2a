"""The filter of a webhook or product as it is written, and a selection in this form."""

from typing import Annotated

from pydantic import Field

from app.access.selection import Selection
from app.kit.input_fields import Input, ShortLine

_Values = Annotated[list[ShortLine], Field(min_length=1, max_length=100)]


class PublicFilterInput(Input):
    """The stories that are meant: in each list any of them, a leading minus excludes."""

    category: _Values | None = Field(
        None,
        description="Ids or slugs of categories; each includes all categories below it.",
        examples=[["africa"]],
    )
    source: _Values | None = Field(
        None, description="Ids or slugs of sources.", examples=[["ansel-tribune"]]
    )
    language: _Values | None = Field(
        None, description="BCP 47 tags; `fr` includes `fr-CA`.", examples=[["fr"]]
    )
    tag: _Values | None = Field(None, description="Tags.", examples=[["bees"]])
    author: _Values | None = Field(
        None, description="Names of authors.", examples=[["Noor Haddad"]]
    )
    kind: _Values | None = Field(
        None, description="Kinds of text.", examples=[["news", "-opinion"]]
    )


class FilterInput(PublicFilterInput):
    """The same with the filters of the newsroom."""

    label: _Values | None = Field(
        None,
        description="Labels, which no public answer shows.",
        examples=[["-print only"]],
    )


def build_filter(selection: Selection) -> dict[str, list[str]]:
    """Return the filter that gives a selection, with ids of categories and sources."""
    return {
        clause.field: [
            *map(_escape, clause.included),
            *(f"-{value}" for value in map(_escape, clause.excluded)),
        ]
        for clause in selection.clauses
    }


def _escape(value: str) -> str:
    """Protect a backslash, and a minus at the beginning, which would exclude the value."""
    escaped = value.replace("\\", "\\\\")
    return f"\\{escaped}" if escaped.startswith("-") else escaped
