"""Add digital source types to stories and images.

Existing documents get the JSON member of the new field, so that none has to be rendered again. A
search for the quoted name cannot match text of a story, which has its quotes escaped.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MEMBER = ',"digital_source_type":'
_EXTRA, _TAIL = sa.column("extra", sa.LargeBinary()), sa.column("tail", sa.LargeBinary())
_DOCUMENTS = sa.table("documents", _EXTRA, _TAIL)
# The image comes before `urgency`, which is the last member of its piece.
_END_OF_PICTURE = '},"urgency":'


def upgrade() -> None:
    """Add the columns; the type of existing content is unknown."""
    op.add_column("articles", sa.Column("digital_source_type", sa.String(40), nullable=True))
    picture = sa.func.replace(_text(_TAIL), _END_OF_PICTURE, f"{_MEMBER}null{_END_OF_PICTURE}")
    _write(_EXTRA, _text(_EXTRA) + f"{_MEMBER}null")
    _write(_TAIL, picture)


def downgrade() -> None:
    """Drop the columns; documents keep the member until they are rendered again."""
    op.drop_column("articles", "digital_source_type")


def _write(piece: sa.ColumnClause[bytes], text: sa.ColumnElement[str]) -> None:
    """Update a piece of every document without the member."""
    has = _text(piece).contains(_MEMBER, autoescape=True)
    op.execute(sa.update(_DOCUMENTS).where(~has).values({piece: _bytes(text)}))


def _text(piece: sa.ColumnClause[bytes]) -> sa.ColumnElement[str]:
    if op.get_bind().dialect.name == "postgresql":
        return sa.func.convert_from(piece, "UTF8", type_=sa.Text())
    return sa.cast(piece, sa.Text())


def _bytes(text: sa.ColumnElement[str]) -> sa.ColumnElement[bytes]:
    if op.get_bind().dialect.name == "postgresql":
        return sa.func.convert_to(text, "UTF8", type_=sa.LargeBinary())
    return sa.cast(text, sa.LargeBinary())
