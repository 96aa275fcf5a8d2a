"""Sources and categories as values."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A publisher, agency or desk from which stories come."""

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
    """A node of the category tree; `names` maps languages to its name in them."""

    id: str
    slug: str
    name: str
    names: dict[str, str]
    parent_id: str | None
    version: int
    created_at: datetime
    modified_at: datetime
