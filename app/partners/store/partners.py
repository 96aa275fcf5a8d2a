"""SQL of partners, of their products, and of what these grant."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, or_, select, update

from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query, Statement
from app.partners.models import PartnerProductTable, PartnerTable, ProductTable
from app.partners.store.products import GRANT_COLUMNS
from app.partners.terms import PartnerRow

_partners, _products = table_of(PartnerTable), table_of(ProductTable)
_of_partners = table_of(PartnerProductTable)


class AgreementRow(NamedTuple):
    """The agreement of a partner, with the terms of one of its products.

    A partner without products has one row, in which all terms are None.
    """

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


class PartnerProductRow(NamedTuple):
    """A product of a partner."""

    partner_id: str
    position: int
    product_id: str


class NamedProduct(NamedTuple):
    """The partner, the id and the slug of a product."""

    partner_id: str
    id: str
    slug: str


AGREEMENTS = Statement(
    select(
        _partners.c.id.label("partner_id"),
        *(_partners.c[name] for name in AgreementRow._fields[1:6]),
        *GRANT_COLUMNS,
    )
    .outerjoin_from(_partners, _of_partners, _of_partners.c.partner_id == _partners.c.id)
    .outerjoin(_products, _products.c.id == _of_partners.c.product_id)
    .where(is_listed(_partners.c.id))
    .order_by(_partners.c.id, _of_partners.c.position),
    AgreementRow,
)
_PRODUCTS = Statement(
    select(_of_partners.c.partner_id, _products.c.id, _products.c.slug)
    .join_from(_of_partners, _products, _products.c.id == _of_partners.c.product_id)
    .where(is_listed(_of_partners.c.partner_id))
    .order_by(_of_partners.c.partner_id, _of_partners.c.position),
    NamedProduct,
)


def insert_partner(session: WriteSession, row: PartnerRow) -> None:
    """Insert a partner without products."""
    session.insert(PartnerTable, [row])


def update_partner(session: WriteSession, row: PartnerRow) -> None:
    """Overwrite a partner."""
    session.execute(update(PartnerTable).where(PartnerTable.id == row.id).values(row._asdict()))


def delete_partner(session: WriteSession, id_: str) -> None:
    """Delete a partner."""
    session.delete(PartnerProductTable.partner_id, [id_])
    session.execute(delete(PartnerTable).where(PartnerTable.id == id_))


def replace_products(session: WriteSession, partner_id: str, products: Sequence[str]) -> None:
    """Replace the products of a partner."""
    session.delete(PartnerProductTable.partner_id, [partner_id])
    session.insert(
        PartnerProductTable,
        [PartnerProductRow(partner_id, place, id_) for place, id_ in enumerate(products)],
    )


def find_partner(session: ReadSession, ref: str, *, lock: bool = False) -> PartnerRow | None:
    """Return the partner with an id or a slug."""
    statement = select(_partners).where(or_(PartnerTable.id == ref, PartnerTable.slug == ref))
    if lock:
        statement = statement.with_for_update(key_share=True)
    return session.first(Query(statement, PartnerRow))


def load_partner_page(
    session: ReadSession, position: str | None, limit: int, *, backwards: bool
) -> list[PartnerRow]:
    """Return partners in the order of slugs, after a slug or (backwards) before it."""
    statement: Select[PartnerRow] = select(_partners).limit(limit)
    slug = PartnerTable.slug
    if backwards and position is not None:
        statement = statement.where(slug < position).order_by(slug.desc())
    else:
        statement = statement.order_by(slug)
        statement = statement if position is None else statement.where(slug > position)
    return session.all(Query(statement, PartnerRow))


def load_products_of(session: ReadSession, partners: Collection[str]) -> list[NamedProduct]:
    """Return the products of some partners, in the order of each."""
    return session.find(_PRODUCTS, partners)


def find_taken_slugs(session: ReadSession, slugs: list[str]) -> set[str]:
    """Return those of some slugs that partners have."""
    return set(session.scalars(select(PartnerTable.slug).where(PartnerTable.slug.in_(slugs))))


def lock_ending_partners(
    session: WriteSession, after: datetime, until: datetime, limit: int
) -> list[PartnerRow]:
    """Lock and return partners whose agreement ends in a time span, and was not announced."""
    ends_at, announced = PartnerTable.ends_at, PartnerTable.announced_end
    statement = select(_partners).where(ends_at > after, ends_at <= until)
    statement = statement.where(or_(announced.is_(None), announced != ends_at))
    statement = statement.order_by(ends_at, PartnerTable.id).limit(limit)
    return session.all(Query(statement.with_for_update(key_share=True), PartnerRow))


def set_announced_end(session: WriteSession, row: PartnerRow) -> None:
    """Remember that the end of an agreement was announced; this is no new version."""
    statement = update(PartnerTable).where(PartnerTable.id == row.id)
    session.execute(statement.values(announced_end=row.ends_at))
