"""Add an index of deleted stories, which are purged after some time.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    deleted = sa.text("deleted_at IS NOT NULL")
    op.create_index(
        "ix_articles_deleted_at",
        "articles",
        ["deleted_at"],
        sqlite_where=deleted,
        postgresql_where=deleted,
    )


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_articles_deleted_at", "articles")
