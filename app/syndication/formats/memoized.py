"""Render a story in a format once, however many feeds contain it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from app.syndication.model.item import Item

More = ParamSpec("More")


def memoize(
    render: Callable[Concatenate[Item, More], bytes],
) -> Callable[Concatenate[Item, More], bytes]:
    """Cache the output of a renderer in the item, as long as the item is cached."""
    name = render.__module__

    @wraps(render)
    def render_once(item: Item, /, *args: More.args, **named: More.kwargs) -> bytes:
        key = (name, *args)
        known = item.rendered.get(key)
        if known is None:
            known = item.rendered[key] = render(item, *args, **named)
        return known

    return render_once
