"""Pages: how many, from where, and the signed cursors that lead on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.api.http.parameters import Parameters
from app.kit import json
from app.kit.cursor import Signer, fingerprint
from app.kit.errors import BadCursor

DEFAULT_LIMIT = 20
MOST = 100
_Count = Literal["exact", "estimated", "none"]
_COUNTS: tuple[_Count, ...] = get_args(_Count)


@dataclass(frozen=True, slots=True)
class Paging:
    """What was asked about paging; `position` is where the cursor stands."""

    signer: Signer
    query: str
    limit: int
    count: Literal["exact", "estimated"] | None
    position: list[Any] | None
    backwards: bool

    @classmethod
    def read(cls, signer: Signer, params: Parameters, query: str, width: int) -> "Paging":
        """Read `limit`, `cursor` and `count`; a cursor has to come from the same query.

        `width` is how many values a position has.
        """
        token = params.text("cursor")
        position, backwards = _position(signer, token, fingerprint(query), width)
        count = params.choice("count", _COUNTS, "none")
        return cls(
            signer=signer,
            query=fingerprint(query),
            limit=params.number("limit", DEFAULT_LIMIT, 1, MOST),
            count=None if count == "none" else count,
            position=position,
            backwards=backwards,
        )

    def cursor(self, position: Sequence[Any] | None, *, backwards: bool) -> str | None:
        """Return the cursor for a position."""
        if position is None:
            return None
        return self.signer.sign([self.query, backwards, *position])


def envelope(
    paging: Paging,
    items: Sequence[bytes],
    before: Sequence[Any] | None,
    after: Sequence[Any] | None,
    count: int | None,
    **more: Any,
) -> tuple[bytes, dict[str, str | None]]:
    """Return the JSON of a list, and its cursors by name, for the Link header.

    `more` are members that stand beside the data and the page.
    """
    cursors = {
        "next": paging.cursor(after, backwards=False),
        "prev": paging.cursor(before, backwards=True),
    }
    page = json.dumps({**cursors, "limit": paging.limit, "count": count})
    rest = b"," + json.dumps(more)[1:] if more else b"}"
    return b"".join((b'{"data":[', b",".join(items), b'],"page":', page, rest)), cursors


def _position(
    signer: Signer, token: str | None, query: str, width: int
) -> tuple[list[Any] | None, bool]:
    if token is None:
        return None, False
    value = signer.read(token)
    if not isinstance(value, list) or len(value) != width + 2 or value[0] != query:
        raise BadCursor("This cursor belongs to another query. Repeat that query's filters.")
    return value[2:], bool(value[1])
