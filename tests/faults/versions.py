"""Versions of Dateline: this code, with the migrations of one release or of another."""

import shutil
from pathlib import Path

from app.kit.sql import migrations
from tests.migrations.places import ROOT
from tests.migrations.releases import newest_before, number_of

# What a release may add for the next one to use.
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


def release_before(folder: Path) -> Path:
    """Make a version that knows the schema of the release before, and none after it."""
    code = _copy(folder)
    for script in (code / "migrations" / "versions").glob("*.py"):
        if number_of(script.name) > newest_before():
            script.unlink()
    return code


def next_release(folder: Path) -> Path:
    """Make a version with all migrations that there are, and another one."""
    code = _copy(folder)
    revision = f"9000_from_{newest_before()}"
    script = code / "migrations" / "versions" / f"{revision}.py"
    script.write_text(_NEXT.format(revision=revision, newest=migrations.find_head()))
    return code


def _copy(folder: Path) -> Path:
    for name in ("app", "migrations"):
        shutil.copytree(ROOT / name, folder / name)
    return folder
