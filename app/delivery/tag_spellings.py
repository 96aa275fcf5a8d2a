"""The tags that a slug stands for: `climate-change` is the slug of "Climate change"."""

import threading

from app.access.selection import fold
from app.delivery.store import LogPosition, load_changes_since
from app.delivery.store import archive as store
from app.kit.slugs import make_slug
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from app.kit.sql.sqlite_readers import lift_time_limit

_MOST_ROWS = 1_000
# The most tags with the same slug that are kept.
_MOST_SPELLINGS = 50


class TagSpellings:
    """A cache of tags by slug, kept current from the change log.

    A tag that no story has any more stays in the cache: its list is empty.
    """

    def __init__(self, database: Database) -> None:
        """Start with an empty cache."""
        self._database = database
        self._position: LogPosition | None = None
        self._known: dict[str, dict[str, None]] = {}
        self._reading = threading.Lock()

    def find_spellings(self, slug: str, position: LogPosition) -> tuple[str, ...]:
        """Return the folded tags of a slug, as of a log position.

        If no story has such a tag, the tag is derived from the slug.
        """
        if position != self._position:
            with self._reading:
                self._update(position)
        wanted = fold(slug)
        known = tuple(self._known.get(wanted, ()))[:_MOST_SPELLINGS]
        return known or (wanted.replace("-", " "),)

    def _update(self, position: LogPosition) -> None:
        if position == self._position:
            return
        with lift_time_limit(), self._database.read() as session:
            self._add(self._load_new_tags(session))
        self._position = position

    def _load_new_tags(self, session: ReadSession) -> list[str]:
        """Return the tags of the changes since, or all tags if these are too many or unknown."""
        known = self._position
        rows = None if known is None else load_changes_since(session, known, _MOST_ROWS)
        if rows is None or len(rows) == _MOST_ROWS:
            return store.load_tags(session)
        return [tag for row in rows if row.after for tag in row.after.get("tag", ())]

    def _add(self, tags: list[str]) -> None:
        for tag in tags:
            self._known.setdefault(make_slug(tag, ""), {})[tag] = None
