"""Errors of syndication."""

from app.kit.errors import Failure


class CursorTooOld(Failure):
    """A cursor's position is no longer in the log, or the log has lost rows."""

    code = "cursor_too_old"
