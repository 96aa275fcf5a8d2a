"""`ids=` may name stories by their slugs, too: they become ids before a list is read."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from app.api.http.filters import MOST_VALUES, split_list
from app.api.http.parameters import Values
from app.content.slugs import normal_ref, slug_problem
from app.kit.ids import is_id

# What finds the ids of stories by their slugs.
FindIds = Callable[[Collection[str]], Mapping[str, str]]
_IDS = "ids"
# No story has it; a slug that leads nowhere stands for no story.
_NO_STORY = "00000000-0000-0000-0000-000000000000"


def with_ids(values: Values, find_ids: FindIds) -> tuple[Values, bool]:
    """Return parameters with ids in the place of slugs, and whether there was any slug.

    What is neither stays, and is refused where it is read.
    """
    if _IDS not in values.sent:
        return values, False
    lists = [split_list(text) for text in values.sent.get(_IDS, ())]
    slugs = {
        ref: _NO_STORY
        for named in lists
        for _, value in named
        if not is_id(value) and slug_problem(ref := normal_ref(value)) is None
    }
    if not slugs or any(len(named) > MOST_VALUES for named in lists):
        return values, False
    slugs |= find_ids(slugs)
    sent = {**values.sent, _IDS: [_written(named, slugs) for named in lists]}
    return replace(values, sent=sent), True


def _written(named: list[tuple[bool, str]], slugs: Mapping[str, str]) -> str:
    return ",".join(
        f"{'-' if negated else ''}{slugs.get(normal_ref(value), value)}" for negated, value in named
    )
