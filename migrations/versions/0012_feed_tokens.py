"""Add the tokens of feeds.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.String:
    """Return a text type that both databases compare byte by byte."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "feed_tokens",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("partner_id", _key(36), nullable=False),
        sa.Column("product_id", _key(36), nullable=False),
        sa.Column("prefix", _key(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["partners.id"],
            name=op.f("fk_feed_tokens_partner_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_feed_tokens_product_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_tokens")),
        sa.UniqueConstraint("prefix", name=op.f("uq_feed_tokens_prefix")),
    )
    op.create_index("ix_feed_tokens_partner_id", "feed_tokens", ["partner_id"])
    op.create_index("ix_feed_tokens_product_id", "feed_tokens", ["product_id"])


def downgrade() -> None:
    """Drop the table; feeds with a token are refused then."""
    op.drop_table("feed_tokens")
