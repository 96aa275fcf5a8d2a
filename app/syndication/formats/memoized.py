"""Writing a story in a format once, however many feeds it stands in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from app.syndication.model.item import Item

More = ParamSpec("More")


def memoize(
    render: Callable[Concatenate[Item, More], bytes],
) -> Callable[Concatenate[Item, More], bytes]:
    """Keep what a format makes of a story with the story, for as long as that is remembered."""
    name = render.__module__

    @wraps(render)
    def render_once(item: Item, /, *args: More.args, **named: More.kwargs) -> bytes:
        key = (name, *args)
        known = item.rendered.get(key)
        if known is None:
            known = item.rendered[key] = render(item, *args, **named)
        return known

    return render_once
