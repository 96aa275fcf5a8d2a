"""`fields=`: keep just those of an object's fields that were asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app.api.http.parameters import Parameter, words_parser, words_schema
from app.api.schemas.documents import CategoryEntry, Headline, SourceEntry, Story
from app.kit import json

_Tree = dict[str, Any]
# Readers of a story under embargo always learn that it is.
_ALWAYS: _Tree = {"embargoed": {}, "embargo_until": {}}
# What nobody can ask for: it is always kept, or belongs to a tree, which is whole.
_NOT_ASKED_FOR = {*_ALWAYS, "children"}


@dataclass(frozen=True, slots=True)
class Fields:
    """A tree of the names that are kept; an empty branch keeps everything below it."""

    tree: _Tree

    def keep(self, item: bytes) -> bytes:
        """Return a JSON object with the chosen fields alone, and an embargo in any case."""
        return json.dumps(_pruned(json.loads(item), {**self.tree, **_ALWAYS}))

    def touch(self, *names: str) -> bool:
        """Tell whether one of these top-level fields is kept."""
        return any(name in self.tree for name in names)


def declare_fields(model: type[BaseModel], enum: str) -> Parameter[Fields | None]:
    """Declare `fields=title,source.name` for a documented object; without it, all are kept.

    The OpenAPI document calls the list of names `enum`.
    """
    names = _names_of(model)
    choose = words_parser(names)

    def parse(name: str, sent: str) -> Fields:
        tree: _Tree = {}
        # Wider names first, so that "source" is not narrowed by a "source.name" beside it.
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
        if name not in _NOT_ASKED_FOR:
            names.append(prefix + name)
            for inner in _models_in(field.annotation):
                names += _names_of(inner, f"{prefix}{name}.")
    return tuple(names)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [one for part in getattr(annotation, "__args__", ()) for one in _models_in(part)]


def _plant(tree: _Tree, path: list[str]) -> None:
    name, rest = path[0], path[1:]
    if name in tree and not tree[name]:
        return
    branch = tree.setdefault(name, {})
    if rest:
        _plant(branch, rest)


def _pruned(value: Any, tree: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_pruned(one, tree) for one in value]
    if not isinstance(value, dict) or not tree:
        return value
    return {name: _pruned(inner, tree[name]) for name, inner in value.items() if name in tree}


HEADLINE_FIELDS = declare_fields(Headline, "HeadlineField")
STORY_FIELDS = declare_fields(Story, "StoryField")
SOURCE_FIELDS = declare_fields(SourceEntry, "SourceField")
CATEGORY_FIELDS = declare_fields(CategoryEntry, "CategoryField")
