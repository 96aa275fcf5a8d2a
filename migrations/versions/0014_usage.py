"""Add usage by day, partner, key and route, and which stories counted for a partner.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.String:
    """Return a text type that both databases compare byte by byte."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table, and add the columns: what partners have received does not count again."""
    op.create_table(
        "usage",
        sa.Column("day", _key(10), nullable=False),
        sa.Column("partner_id", _key(36), nullable=False),
        sa.Column("key_id", _key(36), nullable=False),
        sa.Column("route", _key(100), nullable=False),
        sa.Column("partner_slug", sa.String(200), nullable=True),
        sa.Column("partner_name", sa.String(200), nullable=True),
        sa.Column("key_prefix", sa.String(16), nullable=True),
        sa.Column("key_name", sa.String(200), nullable=True),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("stories", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "partner_id", "key_id", "route", name=op.f("pk_usage")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_usage_partner_id_day"), "usage", ["partner_id", "day"])
    op.add_column("receipts", sa.Column("full_version", sa.Integer(), nullable=True))
    op.add_column("receipts", sa.Column("first_counted_on", _key(10), nullable=True))
    op.add_column("receipts", sa.Column("last_counted_on", _key(10), nullable=True))
    op.create_index(op.f("ix_receipts_last_counted_on"), "receipts", ["last_counted_on"])
    op.execute("UPDATE receipts SET full_version = version WHERE form = 'full'")


def downgrade() -> None:
    """Drop the table and the columns; what was counted is lost."""
    op.drop_index(op.f("ix_receipts_last_counted_on"), "receipts")
    op.drop_column("receipts", "last_counted_on")
    op.drop_column("receipts", "first_counted_on")
    op.drop_column("receipts", "full_version")
    op.drop_table("usage")
