"""Add the partner of a webhook, and whether its events contain documents.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    # Both databases compare ids byte by byte.
    id_ = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")
    op.add_column("webhooks", sa.Column("partner_id", id_, nullable=True))
    op.add_column(
        "webhooks",
        sa.Column("document", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index("ix_webhooks_partner_id", "webhooks", ["partner_id"])


def downgrade() -> None:
    """Drop the columns."""
    op.drop_index("ix_webhooks_partner_id", "webhooks")
    with op.batch_alter_table("webhooks") as table:
        table.drop_column("document")
        table.drop_column("partner_id")
