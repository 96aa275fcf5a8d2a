"""Add what keys are bound to, where they were last used from, and which key they replace.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.String:
    """Return a text type that both databases compare byte by byte."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the columns."""
    op.add_column("api_keys", sa.Column("networks", sa.JSON(), nullable=True))
    op.add_column("api_keys", sa.Column("origins", sa.JSON(), nullable=True))
    op.add_column("api_keys", sa.Column("last_used_from", sa.String(length=100), nullable=True))
    op.add_column("api_keys", sa.Column("rotated_from", _key(36), nullable=True))
    op.create_index("ix_api_keys_rotated_from", "api_keys", ["rotated_from"])


def downgrade() -> None:
    """Drop the columns; keys that are bound to networks or origins are refused then."""
    op.drop_index("ix_api_keys_rotated_from", table_name="api_keys")
    op.drop_column("api_keys", "rotated_from")
    op.drop_column("api_keys", "last_used_from")
    op.drop_column("api_keys", "origins")
    op.drop_column("api_keys", "networks")
