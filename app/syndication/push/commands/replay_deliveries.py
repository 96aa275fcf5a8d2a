"""Make deliveries again that are over, under the ids that they had."""

from collections.abc import Sequence

from app.kit.errors import FieldError, InvalidInput
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.changing import need_active, to_change
from app.syndication.push.inputs import ReplayInput
from app.syndication.push.store import deliveries
from app.syndication.push.store.deliveries import Wanted


def replay_deliveries(unit: UnitOfWork, id_: str, written: ReplayInput) -> int:
    """Send some deliveries of a webhook again, and say how many; killed stories' never."""
    row = to_change(unit, id_, None)
    need_active(row)
    wanted = Wanted(
        written.state,
        tuple(written.ids) if written.ids is not None else None,
        written.since,
        written.until,
    )
    if wanted == Wanted():
        raise InvalidInput.at(
            "#/ids", "required", "Say which: `ids`, a time from `since` to `until`, or a `state`."
        )
    _need_known(unit, id_, written.ids or ())
    count = deliveries.replay(unit.session, id_, wanted, unit.now)
    unit.audit("replayed", "webhook", id_, None, {"deliveries": count})
    return count


def _need_known(unit: UnitOfWork, id_: str, ids: Sequence[str]) -> None:
    """Refuse ids that no delivery to this webhook has, and name them."""
    known = deliveries.known(unit.session, id_, ids) if ids else frozenset()
    errors = [
        FieldError(f"#/ids/{at}", "unknown_reference", f"There is no delivery {quote_text(one)}.")
        for at, one in enumerate(ids)
        if one not in known
    ]
    if errors:
        raise InvalidInput("Some of these deliveries are not there.", errors=errors)
