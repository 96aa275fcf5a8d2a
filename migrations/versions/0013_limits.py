"""Add the limits of partners, and what processes share about limits.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
_COLUMNS = ("requests_per_minute", "stories_per_day", "stories_per_month")


def _key(length: int) -> sa.String:
    """Return a text type that both databases compare byte by byte."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns and tables."""
    for name in _COLUMNS:
        op.add_column("partners", sa.Column(name, sa.Integer(), nullable=True))
    op.create_table(
        "rate_limits",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_limits")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rate_limit_processes",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_limit_processes")),
    )


def downgrade() -> None:
    """Drop the columns and tables; partners have no limits then."""
    op.drop_table("rate_limit_processes")
    op.drop_table("rate_limits")
    for name in reversed(_COLUMNS):
        op.drop_column("partners", name)
