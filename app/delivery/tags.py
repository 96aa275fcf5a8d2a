"""Which tags a slug stands for: `climate-change` is what "Climate change" is in an address."""

import threading

from app.access.selection import fold
from app.content.slugs import slug_from
from app.delivery.store import LogPosition, rows_since
from app.delivery.store import archive as store
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from app.kit.sql.sqlite_readers import unlimited

_MOST_ROWS = 1_000
# Of tags that make the same slug; nobody spells one in more ways.
_MOST_SPELLINGS = 50


class TagNames:
    """Tags by their slug, in memory, kept true by what the log has appended since.

    A tag that no story has any more stays: its list is empty, as it should be.
    """

    def __init__(self, database: Database) -> None:
        """Know nothing yet."""
        self._database = database
        self._position: LogPosition | None = None
        self._known: dict[str, dict[str, None]] = {}
        self._reading = threading.Lock()

    def spellings(self, slug: str, position: LogPosition) -> tuple[str, ...]:
        """Return the folded tags that a slug stands for, as of a position in the log.

        One that no story has is taken to be what the slug says.
        """
        if position != self._position:
            with self._reading:
                self._follow(position)
        wanted = fold(slug)
        known = tuple(self._known.get(wanted, ()))[:_MOST_SPELLINGS]
        return known or (wanted.replace("-", " "),)

    def _follow(self, position: LogPosition) -> None:
        if position == self._position:
            return
        with unlimited(), self._database.read() as session:
            self._learn(self._news(session))
        self._position = position

    def _news(self, session: ReadSession) -> list[str]:
        """Return the tags of what changed; all of them if that is very much, or is not known."""
        known = self._position
        rows = None if known is None else rows_since(session, known, _MOST_ROWS)
        if rows is None or len(rows) == _MOST_ROWS:
            return store.tags(session)
        return [tag for row in rows if row.after for tag in row.after.get("tag", ())]

    def _learn(self, tags: list[str]) -> None:
        for tag in tags:
            self._known.setdefault(slug_from(tag, ""), {})[tag] = None
