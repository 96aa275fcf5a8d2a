"""Sources and categories as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedState:
    """The id and history of a source or category that an import brings along."""

    id: str | None = None
    version: int | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
    former_slugs: tuple[str, ...] = ()


NO_IMPORTED_STATE = ImportedState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A publisher, agency or desk that stories come from."""

    id: str
    slug: str
    name: str
    url: str | None
    description: str | None
    language: str | None
    version: int
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A node of the category tree; `names` has translations of its name by language."""

    id: str
    slug: str
    name: str
    names: dict[str, str]
    parent_id: str | None
    version: int
    created_at: datetime
    modified_at: datetime


def to_fields(thing: Source | Category) -> dict[str, Any]:
    """Return the fields of a source or category by name."""
    return {name: getattr(thing, name) for name in thing.__slots__}
