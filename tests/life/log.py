"""The change log, as tests read it."""

from app.bootstrap import Services
from app.delivery import store


def rows(services: Services) -> list[store.Change]:
    """Return the whole log."""
    with services.database.read() as session:
        return store.load_changes(session, 0, 1_000)


def reasons(services: Services) -> list[str]:
    """Return the reason of each row about a story, oldest first."""
    return [row.reason for row in rows(services) if row.type == "article"]
