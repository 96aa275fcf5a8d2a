"""Add labels to stories.

Revision ID: 0010
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; existing stories have no labels."""
    op.add_column(
        "articles",
        sa.Column("labels", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
    )


def downgrade() -> None:
    """Drop the column, and the labels that lists of the newsroom and products select by."""
    op.execute("DELETE FROM article_labels WHERE field = 'label'")
    op.execute("DELETE FROM document_terms WHERE field = 'label'")
    op.drop_column("articles", "labels")
