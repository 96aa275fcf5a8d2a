"""`fields=`: keep only the requested fields of an object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app.api.http.parameters import Parameter, words_parser, words_schema
from app.api.schemas.documents import CategoryEntry, Headline, SourceEntry, Story
from app.kit import json

_Tree = dict[str, Any]
# Readers of a story under embargo always see the embargo.
_ALWAYS: _Tree = {"embargoed": {}, "embargo_until": {}}
# Not selectable: these are always kept, or belong to a tree, which is always complete.
_NOT_SELECTABLE = {*_ALWAYS, "children"}


@dataclass(frozen=True, slots=True)
class Fields:
    """A tree of the names that are kept; an empty branch keeps everything below it."""

    tree: _Tree

    def keep(self, item: bytes) -> bytes:
        """Return a JSON object with only these fields, and with its embargo in any case."""
        return json.dumps(_prune(json.loads(item), {**self.tree, **_ALWAYS}))

    def includes_any(self, *names: str) -> bool:
        """Tell whether at least one of these top-level fields is kept."""
        return any(name in self.tree for name in names)


def declare_fields(model: type[BaseModel], enum: str) -> Parameter[Fields | None]:
    """Declare `fields=title,source.name` for a documented object; without it, all are kept.

    The OpenAPI document calls the list of names `enum`.
    """
    names = _names_of(model)
    choose = words_parser(names)

    def parse(name: str, sent: str) -> Fields:
        tree: _Tree = {}
        # Parents first, so that "source.name" does not restrict "source".
        for chosen in sorted(choose(name, sent), key=lambda field: field.count(".")):
            _plant(tree, chosen.split("."))
        return Fields(tree)

    description = (
        "Keep these members and no others: `title,source.name`. Members that are left out are "
        "absent, so no member of the answer is required."
    )
    return Parameter("fields", description, words_schema(enum, names), parse, None, is_list=True)


def _names_of(model: type[BaseModel], prefix: str = "") -> tuple[str, ...]:
    """Return all field names of a documented object, nested ones with dots."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        if name not in _NOT_SELECTABLE:
            names.append(prefix + name)
            for inner in _models_in(field.annotation):
                names += _names_of(inner, f"{prefix}{name}.")
    return tuple(names)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def _plant(tree: _Tree, path: list[str]) -> None:
    name, rest = path[0], path[1:]
    if name in tree and not tree[name]:
        return
    branch = tree.setdefault(name, {})
    if rest:
        _plant(branch, rest)


def _prune(value: Any, tree: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_prune(item, tree) for item in value]
    if not isinstance(value, dict) or not tree:
        return value
    return {name: _prune(inner, tree[name]) for name, inner in value.items() if name in tree}


HEADLINE_FIELDS = declare_fields(Headline, "HeadlineField")
STORY_FIELDS = declare_fields(Story, "StoryField")
SOURCE_FIELDS = declare_fields(SourceEntry, "SourceField")
CATEGORY_FIELDS = declare_fields(CategoryEntry, "CategoryField")
