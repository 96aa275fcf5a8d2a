"""Versions of Dateline: this code with the migrations of the previous or the next release."""

import shutil
from pathlib import Path

from app.kit.sql import migrations
from tests.migrations.paths import ROOT
from tests.migrations.releases import find_previous_number, parse_number

# Everything that a migration may add for the next release.
_NEXT = '''"""Everything that a release may add."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.create_table("added", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("articles", sa.Column("added", sa.String(40)))
    for table in ("articles", "documents", "changes", "revisions"):
        zero = sa.Column("number", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        op.add_column(table, zero)
    op.create_index("ix_articles_added", "articles", ["added"])
'''


def build_previous_release(folder: Path) -> Path:
    """Build a version that knows no migration after the previous release."""
    code = _copy(folder)
    for script in (code / "migrations" / "versions").glob("*.py"):
        if parse_number(script.name) > find_previous_number():
            script.unlink()
    return code


def build_next_release(folder: Path) -> Path:
    """Build a version with all migrations and an additional one."""
    code = _copy(folder)
    revision = f"9000_from_{find_previous_number()}"
    script = code / "migrations" / "versions" / f"{revision}.py"
    script.write_text(_NEXT.format(revision=revision, newest=migrations.find_head()))
    return code


def _copy(folder: Path) -> Path:
    for name in ("app", "migrations"):
        shutil.copytree(ROOT / name, folder / name)
    return folder
