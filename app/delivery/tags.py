"""Which tags a slug stands for: `climate-change` is what "Climate change" is in an address."""

import threading

from app.access.selection import fold
from app.content.slugs import slug_from
from app.delivery.store import archive as store
from app.delivery.store import log_rows
from app.kit.database import Database
from app.kit.limit import unlimited
from app.kit.session import ReadSession

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
        self._serial = -1
        self._known: dict[str, dict[str, None]] = {}
        self._reading = threading.Lock()

    def spellings(self, slug: str, serial: int) -> tuple[str, ...]:
        """Return the folded tags that a slug stands for, as of a serial of the log.

        One that no story has is taken to be what the slug says.
        """
        if serial > self._serial:
            with self._reading:
                self._follow(serial)
        wanted = fold(slug)
        known = tuple(self._known.get(wanted, ()))[:_MOST_SPELLINGS]
        return known or (wanted.replace("-", " "),)

    def _follow(self, serial: int) -> None:
        if serial <= self._serial:
            return
        with unlimited(), self._database.read() as session:
            self._learn(self._news(session) if self._serial >= 0 else store.tags(session))
        self._serial = serial

    def _news(self, session: ReadSession) -> list[str]:
        """Return the tags of what changed; after very much has changed, all of them."""
        rows = log_rows(session, self._serial, _MOST_ROWS)
        if len(rows) == _MOST_ROWS:
            return store.tags(session)
        return [tag for row in rows if row.after for tag in row.after.get("tag", ())]

    def _learn(self, tags: list[str]) -> None:
        for tag in tags:
            self._known.setdefault(slug_from(tag, ""), {})[tag] = None
