"""Send finished deliveries again, with their old ids."""

from collections.abc import Sequence

from app.kit.errors import FieldError, InvalidInput
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.editing import load_for_change, require_active
from app.syndication.push.inputs import ReplayInput
from app.syndication.push.store import deliveries
from app.syndication.push.store.deliveries import ReplayFilter


def replay_deliveries(unit: UnitOfWork, id_: str, given: ReplayInput) -> int:
    """Send deliveries of a webhook again, except those of killed stories; return their number."""
    row = load_for_change(unit, id_, None)
    require_active(row)
    filter_ = ReplayFilter(
        given.state,
        tuple(given.ids) if given.ids is not None else None,
        given.since,
        given.until,
    )
    if filter_ == ReplayFilter():
        raise InvalidInput.at(
            "#/ids", "required", "Say which: `ids`, a time from `since` to `until`, or a `state`."
        )
    _need_known(unit, id_, given.ids or ())
    count = deliveries.replay(unit.session, id_, filter_, unit.now)
    unit.audit("replayed", "webhook", id_, None, {"deliveries": count})
    return count


def _need_known(unit: UnitOfWork, id_: str, ids: Sequence[str]) -> None:
    """Refuse unknown ids, and name them."""
    known = deliveries.find_ids(unit.session, id_, ids) if ids else frozenset()
    errors = [
        FieldError(
            f"#/ids/{at}", "unknown_reference", f"There is no delivery {quote_text(delivery)}."
        )
        for at, delivery in enumerate(ids)
        if delivery not in known
    ]
    if errors:
        raise InvalidInput("Some of these deliveries are not there.", errors=errors)
