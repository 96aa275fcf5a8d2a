"""Add labels to stories, and receipts of partners.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KEY = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column, which is empty for existing stories, and the table."""
    op.add_column(
        "articles",
        sa.Column("labels", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
    )
    op.create_table(
        "receipts",
        sa.Column("article_id", _KEY, nullable=False),
        sa.Column("partner_id", _KEY, nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(10), nullable=False),
        sa.Column("route", sa.String(100), nullable=False),
        sa.Column("removal_at", sa.BigInteger(), nullable=True),
        sa.Column("removal_route", sa.String(100), nullable=True),
        sa.PrimaryKeyConstraint("article_id", "partner_id", name=op.f("pk_receipts")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_receipts_partner_id"), "receipts", ["partner_id"])


def downgrade() -> None:
    """Drop the table, the column, and the labels that lists of stories are selected by."""
    op.drop_table("receipts")
    op.execute("DELETE FROM article_labels WHERE field = 'label'")
    op.execute("DELETE FROM document_terms WHERE field = 'label'")
    op.drop_column("articles", "labels")
