"""Add the limits of partners.

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


def upgrade() -> None:
    """Add the columns."""
    for name in _COLUMNS:
        op.add_column("partners", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    """Drop the columns; partners have no limits then."""
    for name in reversed(_COLUMNS):
        op.drop_column("partners", name)
