"""Snapshots, one for each version of an article."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    and_,
    exists,
    select,
    tuple_,
)

from app.content.models import (
    ArticleRow,
    RevisionRow,
)
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession, chunks

_revisions = table_of(RevisionRow)


def insert_revisions(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add snapshots."""
    session.insert(RevisionRow, rows)


def revision(session: ReadSession, article_id: str, version: int) -> Record | None:
    """Return one snapshot of an article."""
    return session.first(
        select(_revisions).where(
            RevisionRow.article_id == article_id, RevisionRow.version == version
        )
    )


def revisions(
    session: ReadSession, article_id: str, below: int | None, above: int | None, limit: int
) -> Sequence[Record]:
    """Return snapshots of an article: newest first, or upwards from a version."""
    statement = select(_revisions).where(RevisionRow.article_id == article_id)
    if above is not None:
        statement = statement.where(RevisionRow.version > above).order_by(RevisionRow.version)
    else:
        statement = statement.order_by(RevisionRow.version.desc())
        if below is not None:
            statement = statement.where(RevisionRow.version < below)
    return session.all(statement.limit(limit))


def snapshots(session: ReadSession, keys: Collection[tuple[str, int]]) -> dict[str, Any]:
    """Return snapshots by article id, for pairs of article id and version."""
    found: dict[str, Any] = {}
    key = tuple_(RevisionRow.article_id, RevisionRow.version)
    for part in chunks(list(keys)):
        # SQLite has no index for pairs of values, and takes that of the first of them.
        ids = RevisionRow.article_id.in_([article_id for article_id, _ in part])
        statement = select(RevisionRow.article_id, RevisionRow.snapshot).where(ids, key.in_(part))
        found.update((row.article_id, row.snapshot) for row in session.all(statement))
    return found


def revision_gaps(session: ReadSession) -> list[str]:
    """Return the ids of articles that have no snapshot of their version."""
    own = and_(RevisionRow.article_id == ArticleRow.id, RevisionRow.version == ArticleRow.version)
    statement = select(ArticleRow.id).where(~exists().where(own))
    return [row.id for row in session.all(statement)]
