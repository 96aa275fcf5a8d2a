"""Writing a story in a format once, however many feeds it stands in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from app.syndication.model.item import Item

More = ParamSpec("More")


def once(
    write: Callable[Concatenate[Item, More], bytes],
) -> Callable[Concatenate[Item, More], bytes]:
    """Keep what a format makes of a story with the story, for as long as that is remembered."""
    name = write.__module__

    @wraps(write)
    def written(item: Item, /, *more: More.args, **named: More.kwargs) -> bytes:
        key = (name, *more)
        known = item.written.get(key)
        if known is None:
            known = item.written[key] = write(item, *more, **named)
        return known

    return written
