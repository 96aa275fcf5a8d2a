"""SQL of the tokens of feeds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, or_, select, update

from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query, Statement
from app.partners.models import (
    FeedTokenTable,
    PartnerProductTable,
    PartnerTable,
    ProductTable,
)
from app.partners.store.partners import AgreementRow
from app.partners.store.products import GRANT_COLUMNS

_tokens, _partners = table_of(FeedTokenTable), table_of(PartnerTable)
_of_partners, _products = table_of(PartnerProductTable), table_of(ProductTable)


class FeedTokenRow(NamedTuple):
    """A row of a token."""

    id: str
    partner_id: str
    product_id: str
    prefix: str
    digest: bytes
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class FeedTokenWithProduct(NamedTuple):
    """A token as administrators see it, with the slug of its product."""

    id: str
    product: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class GrantedTokenRow(NamedTuple):
    """A token with the agreement of its partner and the terms of its product.

    All terms are None if the partner does not have the product any more.
    """

    id: str
    prefix: str
    digest: bytes
    expires_at: datetime | None
    revoked_at: datetime | None
    partner_id: str
    starts_at: datetime | None
    ends_at: datetime | None
    requests_per_minute: int | None
    stories_per_day: int | None
    stories_per_month: int | None
    selection: Any
    form: Any
    images: Any
    embargoed: Any
    delay_minutes: Any
    archive_days: Any

    @property
    def agreement(self) -> AgreementRow:
        """Return the agreement alone."""
        return AgreementRow(*self[5:])


_GRANTED = (
    select(
        *(_tokens.c[name] for name in GrantedTokenRow._fields[:6]),
        *(_partners.c[name] for name in GrantedTokenRow._fields[6:11]),
        *GRANT_COLUMNS,
    )
    .join_from(_tokens, _partners, _partners.c.id == _tokens.c.partner_id)
    .outerjoin(
        _of_partners,
        and_(
            _of_partners.c.partner_id == _tokens.c.partner_id,
            _of_partners.c.product_id == _tokens.c.product_id,
        ),
    )
    .outerjoin(_products, _products.c.id == _of_partners.c.product_id)
)
TOKEN_BY_PREFIX = Statement(
    _GRANTED.where(_tokens.c.prefix == bindparam("prefix")), GrantedTokenRow
)
TOKENS_BY_ID = Statement(_GRANTED.where(is_listed(_tokens.c.id)), GrantedTokenRow)
_VIEWS = select(
    _tokens.c.id,
    _products.c.slug.label("product"),
    *(_tokens.c[name] for name in FeedTokenWithProduct._fields[2:]),
).join_from(_tokens, _products, _products.c.id == _tokens.c.product_id)


def insert_token(session: WriteSession, row: FeedTokenRow) -> None:
    """Insert a token."""
    session.insert(FeedTokenTable, [row])


def revoke_token(session: WriteSession, id_: str, now: datetime) -> None:
    """Mark a token as revoked, unless it is."""
    tokens = FeedTokenTable
    statement = update(tokens).where(tokens.id == id_, tokens.revoked_at.is_(None))
    session.execute(statement.values(revoked_at=now))


def find_token(session: ReadSession, partner_id: str, id_: str) -> FeedTokenWithProduct | None:
    """Return the token of a partner by id."""
    mine = _VIEWS.where(FeedTokenTable.partner_id == partner_id, FeedTokenTable.id == id_)
    return session.first(Query(mine, FeedTokenWithProduct))


def load_token_page(
    session: ReadSession, partner_id: str, position: str | None, limit: int, *, backwards: bool
) -> Sequence[FeedTokenWithProduct]:
    """Return tokens of a partner, oldest first, after an id or (backwards) before it."""
    id_ = FeedTokenTable.id
    statement = _VIEWS.where(FeedTokenTable.partner_id == partner_id).limit(limit)
    if backwards and position is not None:
        statement = statement.where(id_ < position).order_by(id_.desc())
    else:
        statement = statement.order_by(id_)
        statement = statement if position is None else statement.where(id_ > position)
    return session.all(Query(statement, FeedTokenWithProduct))


def has_valid_token(session: ReadSession, partner_id: str, now: datetime) -> bool:
    """Tell whether a partner has a token that is neither revoked nor expired."""
    tokens = FeedTokenTable
    lasts = or_(tokens.expires_at.is_(None), tokens.expires_at > now)
    valid = select(tokens.id).where(tokens.partner_id == partner_id, tokens.revoked_at.is_(None))
    return session.scalar(valid.where(lasts).limit(1)) is not None


def delete_tokens_of_partner(session: WriteSession, partner_id: str) -> None:
    """Delete the tokens of a partner."""
    session.delete(FeedTokenTable.partner_id, [partner_id])


def delete_tokens_of_product(session: WriteSession, product_id: str) -> None:
    """Delete the tokens for a product."""
    session.delete(FeedTokenTable.product_id, [product_id])
