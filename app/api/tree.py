"""The category tree as one answer."""

from collections.abc import Iterable

from app.api.params import Parameters, bad
from app.delivery.directory import DirectoryEntry
from app.kit import json


def category_tree(categories: Iterable[DirectoryEntry], params: Parameters) -> bytes:
    """Return all categories nested, in the order of slugs, as the JSON of a list."""
    for name in ("limit", "cursor", "fields"):
        if params.has(name):
            raise bad(name, "not_allowed", f"A tree is whole: leave {name!r} out with tree=true.")
    listed = list(categories)
    below: dict[str | None, list[DirectoryEntry]] = {}
    known = {one.id for one in listed}
    for one in listed:
        parent = one.parent_id if one.parent_id in known else None
        below.setdefault(parent, []).append(one)
    nested = b",".join(_nested(one, below) for one in below.get(None, ()))
    count = len(listed) if params.has("count") else None
    page = json.dumps({"next": None, "prev": None, "limit": len(listed), "count": count})
    return b'{"data":[' + nested + b'],"page":' + page + b"}"


def _nested(one: DirectoryEntry, below: dict[str | None, list[DirectoryEntry]]) -> bytes:
    inner = b",".join(_nested(child, below) for child in below.get(one.id, ()))
    return one.whole[:-1] + b',"children":[' + inner + b"]}"
