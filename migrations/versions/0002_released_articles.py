"""Add `released` to articles, as documents have it.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KNOWN = "UPDATE articles SET released = true WHERE id IN (SELECT id FROM documents WHERE released)"


def upgrade() -> None:
    """Add the column, and copy its values from the documents."""
    op.add_column(
        "articles",
        sa.Column("released", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(_KNOWN)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("articles", "released")
