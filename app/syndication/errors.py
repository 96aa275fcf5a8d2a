"""What syndication refuses."""

from app.kit.errors import Failure


class CursorTooOld(Failure):
    """A follower stands where the log is not kept any more, or has lost rows."""

    code = "cursor_too_old"


class RightsChanged(Failure):
    """A cursor was issued for other access rights than its reader has now."""

    code = "rights_changed"
