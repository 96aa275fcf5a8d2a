"""Add random marks to log rows, which distinguish rows with the same serial.

Existing rows get the mark 0.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LOGS = ("changes", "embargoed_changes")


def upgrade() -> None:
    """Add the column to both logs."""
    for log in _LOGS:
        mark = sa.Column("mark", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        op.add_column(log, mark)


def downgrade() -> None:
    """Drop the columns."""
    for log in _LOGS:
        op.drop_column(log, "mark")
