"""SQL for preview links."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select

from app.content.models import PreviewRow
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query


class Preview(NamedTuple):
    """A preview link to an article's working copy, or to the public side at a time."""

    id: str
    article_id: str
    as_of: datetime | None
    expires_at: datetime


_previews = table_of(PreviewRow)


def insert_preview(session: WriteSession, link: Preview) -> None:
    """Insert a link."""
    session.insert(PreviewRow, [link])


def find_preview(session: ReadSession, preview_id: str) -> Preview | None:
    """Return a link, or `None`."""
    return session.first(Query(select(_previews).where(_previews.c.id == preview_id), Preview))


def delete_preview(session: WriteSession, preview_id: str) -> int:
    """Delete a link; return the number of deleted rows."""
    return session.execute(delete(PreviewRow).where(PreviewRow.id == preview_id))


def delete_expired_previews(session: WriteSession, before: datetime) -> int:
    """Delete the links that expired before a time; return their number."""
    return session.execute(delete(PreviewRow).where(PreviewRow.expires_at < before))
