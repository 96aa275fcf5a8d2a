"""Requests to follow changes: filters in the first one, then only the cursor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from app.access.entitlement import Entitlement
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
STREAM_PARAMETERS = ParameterSet(*FILTERS, *SPANS, CURSOR)
CHANGE_LIST = ParameterSet(*STREAM_PARAMETERS, LIMIT, WAIT)


@dataclass(frozen=True, slots=True)
class ChangesRequest:
    """The sync state, the largest number of entries, and the seconds to wait for the first."""

    after: SyncState
    limit: int
    wait: int


def parse_changes_request(
    services: Services, query_string: bytes, entitlement: Entitlement
) -> ChangesRequest:
    """Parse and validate the query string."""
    values = CHANGE_LIST.parse(query_string)
    return ChangesRequest(
        after=parse_sync_state(services, values, values[CURSOR], entitlement),
        limit=values[LIMIT],
        wait=values[WAIT],
    )


def parse_sync_state(
    services: Services, values: Values, cursor: str | None, entitlement: Entitlement
) -> SyncState:
    """Return the sync state of a cursor, which includes filters, or a new one."""
    selection = read_selection(values, services.delivery, entitlement)
    if cursor is None:
        return SyncState(selection, entitlement=entitlement)
    state = from_json(services.sync_cursors.read(cursor), entitlement)
    if selection not in (Selection(), state.selection):
        raise BadCursor("The filters are part of this cursor. Leave them out, or begin anew.")
    return state


def encode_batch(services: Services, batch: Batch) -> bytes:
    """Encode a batch as JSON."""
    end = {"cursor": build_cursor(services, batch.after), "more": batch.more}
    pieces = [b'{"data":[']
    for entry in batch.entries:
        pieces += entry.pieces
        pieces.append(b",")
    if batch.entries:
        pieces.pop()
    return b"".join((*pieces, b"],", json.dumps(end)[1:]))


def build_cursor(services: Services, sync_state: SyncState) -> str:
    """Return the signed cursor of a sync state."""
    return services.sync_cursors.sign(to_json(sync_state))


Result = TypeVar("Result")


async def short_read(services: Services, read: Callable[[], Result]) -> Result:
    """Run a short read: inline on SQLite, where a thread would cost more; else in a thread."""
    if services.database.dialect == "sqlite":
        return read()
    return await run_in_threadpool(read)
