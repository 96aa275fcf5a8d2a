"""Links to what is not public yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from app.content.models import PreviewRow
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession

_previews = table_of(PreviewRow)


def insert_preview(session: WriteSession, row: dict[str, Any]) -> None:
    """Add a link."""
    session.execute(insert(_previews), row)


def preview(session: ReadSession, preview_id: str) -> Record | None:
    """Return a link, or nothing."""
    return session.first(select(_previews).where(_previews.c.id == preview_id))


def delete_preview(session: WriteSession, preview_id: str) -> int:
    """Delete a link and count it."""
    return session.execute(delete(PreviewRow).where(PreviewRow.id == preview_id))


def forget_previews(session: WriteSession, before: datetime) -> int:
    """Delete the links that ended before an instant and count them."""
    return session.execute(delete(PreviewRow).where(PreviewRow.expires_at < before))
