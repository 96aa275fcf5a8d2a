"""SQL of products."""

from sqlalchemy import Select, Text, bindparam, cast, delete, or_, select, update

from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query, Statement
from app.partners.models import PartnerProductTable, PartnerTable, ProductTable
from app.partners.terms import GrantColumns, ProductRow

# Held while a product is written, and while a category or source is deleted.
FILTER_LOCK = "product filters"
_products, _partners = table_of(ProductTable), table_of(PartnerTable)
GRANT_COLUMNS = (
    cast(_products.c.selection, Text).label("selection"),
    *(_products.c[name] for name in GrantColumns._fields[1:]),
)
GRANT_BY_SLUG = Statement(
    select(*GRANT_COLUMNS).where(ProductTable.slug == bindparam("slug")), GrantColumns
)


def insert_product(session: WriteSession, row: ProductRow) -> None:
    """Insert a product."""
    session.insert(ProductTable, [row])


def update_product(session: WriteSession, row: ProductRow) -> None:
    """Overwrite a product."""
    session.execute(update(ProductTable).where(ProductTable.id == row.id).values(row._asdict()))


def delete_product(session: WriteSession, id_: str) -> None:
    """Delete a product that no partner has."""
    session.execute(delete(ProductTable).where(ProductTable.id == id_))


def find_product(session: ReadSession, ref: str, *, lock: bool = False) -> ProductRow | None:
    """Return the product with an id or a slug."""
    statement = select(_products).where(or_(ProductTable.id == ref, ProductTable.slug == ref))
    if lock:
        statement = statement.with_for_update(key_share=True)
    return session.first(Query(statement, ProductRow))


def load_products(session: ReadSession) -> list[ProductRow]:
    """Return all products, in the order of slugs."""
    return session.all(Query(select(_products).order_by(ProductTable.slug), ProductRow))


def load_product_page(
    session: ReadSession, position: str | None, limit: int, *, backwards: bool
) -> list[ProductRow]:
    """Return products in the order of slugs, after a slug or (backwards) before it."""
    statement: Select[ProductRow] = select(_products).limit(limit)
    slug = ProductTable.slug
    if backwards and position is not None:
        statement = statement.where(slug < position).order_by(slug.desc())
    else:
        statement = statement.order_by(slug)
        statement = statement if position is None else statement.where(slug > position)
    return session.all(Query(statement, ProductRow))


def find_taken_slugs(session: ReadSession, slugs: list[str]) -> set[str]:
    """Return those of some slugs that products have."""
    return set(session.scalars(select(ProductTable.slug).where(ProductTable.slug.in_(slugs))))


def find_partners_of(session: ReadSession, product_id: str) -> list[str]:
    """Return the slugs of the partners that have a product."""
    statement = select(PartnerTable.slug).join_from(
        _partners, PartnerProductTable, PartnerProductTable.partner_id == PartnerTable.id
    )
    return session.scalars(
        statement.where(PartnerProductTable.product_id == product_id).order_by(PartnerTable.slug)
    )
