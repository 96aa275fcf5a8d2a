"""Make deliveries again that are over, under the ids that they had."""

from app.kit.errors import InvalidInput
from app.kit.unit import Unit
from app.syndication.push.changing import need_active, to_change
from app.syndication.push.inputs import ReplayInput
from app.syndication.push.store import deliveries
from app.syndication.push.store.deliveries import Wanted


def replay_deliveries(unit: Unit, id_: str, written: ReplayInput) -> int:
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
    count = deliveries.replay(unit.session, id_, wanted, unit.now)
    unit.note("replayed", "webhook", id_, None, {"deliveries": count})
    return count
