"""Add leases, which choose the process for background work on PostgreSQL.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.String:
    """Return a text type that both databases compare byte by byte."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table, with a lease that no process holds."""
    leases = op.create_table(
        "leases",
        sa.Column("name", _key(40), nullable=False),
        sa.Column("holder", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.bulk_insert(leases, [{"name": "worker", "holder": "", "number": 0, "expires_at": 0}])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("leases")
