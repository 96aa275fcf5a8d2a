"""Add people and sessions, and the type of actors.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.String:
    """Return a text type that both databases compare byte by byte."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables; stored answers may belong to a person, who has no key."""
    op.create_table(
        "people",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("issuer", _key(500), nullable=False),
        sa.Column("subject", _key(255), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_in_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_people_issuer_subject")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", _key(36), nullable=True),
        sa.Column("key_id", _key(36), nullable=True),
        sa.Column("sign_in_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("address", sa.String(length=100), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_sessions_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name=op.f("fk_sessions_key_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
        sa.UniqueConstraint("sign_in_digest", name=op.f("uq_sessions_sign_in_digest")),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id", "id"])
    op.create_index("ix_sessions_key_id", "sessions", ["key_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    for table in ("audit", "revisions"):
        op.add_column(table, sa.Column("actor_type", sa.String(length=20), nullable=True))
    with op.batch_alter_table("kept_answers") as batch:
        batch.drop_constraint("fk_kept_answers_key_id", type_="foreignkey")


def downgrade() -> None:
    """Drop the tables, and the answers of people; the audit keeps their names."""
    answers = sa.table("kept_answers", sa.column("key_id"))
    keys = sa.table("api_keys", sa.column("id"))
    op.get_bind().execute(sa.delete(answers).where(answers.c.key_id.not_in(sa.select(keys.c.id))))
    with op.batch_alter_table("kept_answers") as batch:
        batch.create_foreign_key(
            "fk_kept_answers_key_id", "api_keys", ["key_id"], ["id"], ondelete="CASCADE"
        )
    for table in ("revisions", "audit"):
        op.drop_column(table, "actor_type")
    op.drop_table("sessions")
    op.drop_table("people")
