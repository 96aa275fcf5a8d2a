"""Add products and partners, and the partner of a key.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.String:
    """Return a text type that both databases compare byte by byte."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables, and the column."""
    op.create_table(
        "products",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("slug", _key(200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("form", _key(10), nullable=False),
        sa.Column("images", sa.Boolean(), nullable=False),
        sa.Column("embargoed", sa.Boolean(), nullable=False),
        sa.Column("delay_minutes", sa.Integer(), nullable=False),
        sa.Column("archive_days", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("slug", name=op.f("uq_products_slug")),
    )
    op.create_table(
        "partners",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("slug", _key(200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("contacts", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("announced_end", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("slug", name=op.f("uq_partners_slug")),
    )
    op.create_table(
        "partner_products",
        sa.Column("partner_id", _key(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", _key(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["partners.id"],
            name=op.f("fk_partner_products_partner_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_partner_products_product_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("partner_id", "position", name=op.f("pk_partner_products")),
    )
    op.create_index("ix_partner_products_product_id", "partner_products", ["product_id"])
    op.add_column("api_keys", sa.Column("partner_id", _key(36), nullable=True))


def downgrade() -> None:
    """Drop the tables and the column; the keys of partners are refused then."""
    op.drop_column("api_keys", "partner_id")
    op.drop_table("partner_products")
    op.drop_table("partners")
    op.drop_table("products")
