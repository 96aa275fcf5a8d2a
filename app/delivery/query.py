"""What a list of stories is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.access.selection import Selection
from app.delivery.store import reading
from app.delivery.store.reading import Position
from app.delivery.store.shapes import Form, Shape, SortKey, own_values, parts, preferences, shape_of

Count = Literal["exact", "estimated"]


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """What a list of stories is asked for; `embargoed` takes in what is under embargo.

    With `preferred` languages, even none, it is of each group of translations the story that goes
    before the others. `names_in` are the languages in which categories are named.
    """

    selection: Selection = Selection()
    key: SortKey = "published_at"
    descending: bool = True
    position: Position | None = None
    backwards: bool = False
    form: Form = "short"
    limit: int = 20
    count: Count | None = None
    embargoed: bool = False
    preferred: tuple[str, ...] | None = None
    names_in: tuple[str, ...] = ()

    # What the statement for it depends on, and what that is bound to, whenever it is asked for.
    shape: Shape = field(init=False, repr=False, compare=False)
    values: Mapping[str, Any] = field(init=False, repr=False, compare=False)
    # Whether the answer takes the rows that it shows, and few others.
    is_short: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find out once what every reading of it needs."""
        shape = shape_of(
            self.selection,
            key=self.key,
            descending=self.descending is not self.backwards,
            placed=self.position is not None,
            form=self.form,
            embargoed=self.embargoed,
            preferred=None if self.preferred is None else parts(len(self.preferred)),
        )
        object.__setattr__(self, "shape", shape)
        values = own_values(self.selection) | preferences(self.preferred or ())
        object.__setattr__(self, "values", values)
        # Nothing says how many stories there are whose translations go before them.
        alone = self.count is None and self.preferred is None
        short = alone and reading.is_short(self.selection, self.key)
        object.__setattr__(self, "is_short", short)
