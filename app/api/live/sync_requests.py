"""Requests to follow changes: filters in the first one, then only the cursor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from app.access.access_rights import AccessRights
from app.access.selection import Selection
from app.api.http.filters import FILTERS, SPANS, read_selection
from app.api.http.parameters import ParameterSet, Values, declare_number, declare_text
from app.bootstrap import Services
from app.kit import json
from app.kit.errors import BadCursor
from app.syndication.sync.change_reader import Batch
from app.syndication.sync.sync_state import SyncState, from_json, to_json

CURSOR = declare_text(
    "cursor",
    "`cursor` of the previous answer. It includes the filters. Without it, you receive a snapshot "
    "of everything first. A cursor belongs to the access rights it was issued for: if those have "
    "changed, the answer is `410`.",
)
LIMIT = declare_number("limit", 100, 1, 1_000, "The largest number of changes to return.")
WAIT = declare_number(
    "wait", 0, 0, 60, "How many seconds to wait for a change, where there is none."
)
FOLLOWING = ParameterSet(*FILTERS, *SPANS, CURSOR)
CHANGE_LIST = ParameterSet(*FOLLOWING, LIMIT, WAIT)


@dataclass(frozen=True, slots=True)
class ChangesRequest:
    """Who asks, for how many entries, and how many seconds it waits for the first."""

    after: SyncState
    limit: int
    wait: int


def read_following(services: Services, query_string: bytes, rights: AccessRights) -> ChangesRequest:
    """Understand the query string, or refuse it."""
    values = CHANGE_LIST.parse(query_string)
    return ChangesRequest(
        after=follower_of(services, values, values[CURSOR], rights),
        limit=values[LIMIT],
        wait=values[WAIT],
    )


def follower_of(
    services: Services, values: Values, cursor: str | None, rights: AccessRights
) -> SyncState:
    """Return the follower that a cursor names, or a new one; filters travel in the cursor."""
    asked = read_selection(values, services.delivery)
    if cursor is None:
        return SyncState(asked, rights=rights)
    known = from_json(services.followers.read(cursor), rights)
    if asked not in (Selection(), known.selection):
        raise BadCursor("The filters are part of this cursor. Leave them out, or begin anew.")
    return known


def batch_body(services: Services, batch: Batch) -> bytes:
    """Return the JSON of a batch."""
    end = {"cursor": cursor_of(services, batch.after), "more": batch.more}
    pieces = [b'{"data":[']
    for entry in batch.entries:
        pieces += entry.pieces
        pieces.append(b",")
    if batch.entries:
        pieces.pop()
    return b"".join((*pieces, b"],", json.dumps(end)[1:]))


def cursor_of(services: Services, follower: SyncState) -> str:
    """Return the cursor of a follower."""
    return services.followers.sign(to_json(follower))


Result = TypeVar("Result")


async def short_read(services: Services, read: Callable[[], Result]) -> Result:
    """Run a bounded read. On SQLite it takes less than the way to a thread and back."""
    if services.database.dialect == "sqlite":
        return read()
    return await run_in_threadpool(read)
