"""SQL for revisions: a snapshot for each version of an article."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, and_, cast, exists, literal_column, select

from app.content.models import (
    ArticleRow,
    RevisionRow,
)
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query, Statement


class ArticleRevision(NamedTuple):
    """A version of an article: the action, its time and actor, and the article as JSON."""

    article_id: str
    version: int
    action: str
    at: datetime
    actor_id: str | None
    actor_name: str
    note: str | None
    snapshot: dict[str, Any]
    actor_type: str | None = None


_revisions = table_of(RevisionRow)
# Only the first of the pair has an index.
_version = cast(RevisionRow.version, Text)
_pair = RevisionRow.article_id.concat(literal_column("' '", Text)).concat(_version)
_SNAPSHOTS: Statement[tuple[str, dict[str, Any]]] = Statement(
    select(RevisionRow.article_id, RevisionRow.snapshot).where(
        is_listed(RevisionRow.article_id), is_listed(_pair, "pairs")
    )
)


def insert_revisions(session: WriteSession, rows: Sequence[ArticleRevision]) -> None:
    """Insert snapshots."""
    session.insert(RevisionRow, rows)


def replace_revisions(session: WriteSession, rows: Sequence[ArticleRevision]) -> None:
    """Overwrite existing snapshots."""
    session.insert(RevisionRow, rows, "whole")


def find_revision(session: ReadSession, article_id: str, version: int) -> ArticleRevision | None:
    """Return one snapshot of an article."""
    statement = select(_revisions).where(
        RevisionRow.article_id == article_id, RevisionRow.version == version
    )
    return session.first(Query(statement, ArticleRevision))


def load_revisions(
    session: ReadSession, article_id: str, below: int | None, above: int | None, limit: int
) -> list[ArticleRevision]:
    """Return snapshots of an article: newest first, or ascending from a version."""
    statement = select(_revisions).where(RevisionRow.article_id == article_id)
    if above is not None:
        statement = statement.where(RevisionRow.version > above).order_by(RevisionRow.version)
    else:
        statement = statement.order_by(RevisionRow.version.desc())
        if below is not None:
            statement = statement.where(RevisionRow.version < below)
    return session.all(Query(statement.limit(limit), ArticleRevision))


def load_snapshots(
    session: ReadSession, keys: Collection[tuple[str, int]]
) -> dict[str, dict[str, Any]]:
    """Return snapshots by article id, for pairs of article id and version."""
    pairs = [f"{article_id} {version}" for article_id, version in keys]
    return dict(session.find(_SNAPSHOTS, [article_id for article_id, _ in keys], pairs=pairs))


def find_missing_snapshots(session: ReadSession) -> list[str]:
    """Return the ids of articles without a snapshot of their current version."""
    own = and_(RevisionRow.article_id == ArticleRow.id, RevisionRow.version == ArticleRow.version)
    return session.scalars(select(ArticleRow.id).where(~exists().where(own)))
