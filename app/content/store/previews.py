"""Links to what is not public yet."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select

from app.content.models import PreviewRow
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query


class Preview(NamedTuple):
    """A link to an article's working copy, or to the public side at an instant."""

    id: str
    article_id: str
    as_of: datetime | None
    expires_at: datetime


_previews = table_of(PreviewRow)


def insert_preview(session: WriteSession, link: Preview) -> None:
    """Add a link."""
    session.insert(PreviewRow, [link])


def preview(session: ReadSession, preview_id: str) -> Preview | None:
    """Return a link, or nothing."""
    return session.first(Query(select(_previews).where(_previews.c.id == preview_id), Preview))


def delete_preview(session: WriteSession, preview_id: str) -> int:
    """Delete a link and count it."""
    return session.execute(delete(PreviewRow).where(PreviewRow.id == preview_id))


def forget_previews(session: WriteSession, before: datetime) -> int:
    """Delete the links that ended before an instant and count them."""
    return session.execute(delete(PreviewRow).where(PreviewRow.expires_at < before))
