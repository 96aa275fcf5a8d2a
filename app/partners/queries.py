"""The read side of products and partners."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from app.kit.ids import normalize_ref
from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession
from app.kit.view_page import ViewPage, build_view_page
from app.partners.errors import AgreementNotFound, FeedTokenNotFound, UnreadableProduct
from app.partners.quotas import Quota
from app.partners.store import feed_tokens, partners, products
from app.partners.terms import PartnerRow, ProductRow, parse_selection
from app.partners.views import (
    build_feed_token_view,
    build_partner_view,
    build_product_view,
    build_quota_view,
    build_quota_warnings,
)

# What a caller without a partner has.
NO_AGREEMENT: dict[str, Any] = {
    "partner": None,
    "products": [],
    "ends_at": None,
    "limits": [],
    "warnings": [],
}


def load_product(session: ReadSession, ref: str, *, lock: bool = False) -> ProductRow:
    """Return a product by id or slug."""
    row = products.find_product(session, normalize_ref(ref), lock=lock)
    if row is None:
        raise AgreementNotFound(f"There is no product with the id or slug {quote_text(ref)}.")
    return row


def load_partner(session: ReadSession, ref: str, *, lock: bool = False) -> PartnerRow:
    """Return a partner by id or slug."""
    row = partners.find_partner(session, normalize_ref(ref), lock=lock)
    if row is None:
        raise AgreementNotFound(f"There is no partner with the id or slug {quote_text(ref)}.")
    return row


def show_product(session: ReadSession, ref: str) -> dict[str, Any]:
    """Return a product as administrators see it."""
    return build_product_view(load_product(session, ref))


def show_partner(session: ReadSession, ref: str) -> dict[str, Any]:
    """Return a partner as administrators see it."""
    return _build_views(session, [load_partner(session, ref)])[0]


def show_agreement(
    session: ReadSession, partner_id: str, quotas: Sequence[Quota]
) -> dict[str, Any]:
    """Return what the holders of a partner's keys may know of the agreement."""
    row = partners.find_partner(session, partner_id)
    if row is None:
        return NO_AGREEMENT
    view = _build_views(session, [row])[0]
    return {
        **{name: view[name] for name in ("products", "ends_at")},
        "partner": view["slug"],
        "limits": list(map(build_quota_view, quotas)),
        "warnings": build_quota_warnings(quotas),
    }


def list_products(
    session: ReadSession, limit: int, position: str | None, *, backwards: bool
) -> ViewPage:
    """Return a page of products, in the order of slugs."""
    rows = products.load_product_page(session, position, limit + 1, backwards=backwards)
    return build_view_page(
        rows,
        limit,
        lambda kept: list(map(build_product_view, kept)),
        lambda row: (row.slug,),
        placed=position is not None,
        backwards=backwards,
    )


def list_partners(
    session: ReadSession, limit: int, position: str | None, *, backwards: bool
) -> ViewPage:
    """Return a page of partners, in the order of slugs."""
    rows = partners.load_partner_page(session, position, limit + 1, backwards=backwards)
    return build_view_page(
        rows,
        limit,
        lambda kept: _build_views(session, kept),
        lambda row: (row.slug,),
        placed=position is not None,
        backwards=backwards,
    )


def show_feed_token(session: ReadSession, partner_id: str, id_: str) -> dict[str, Any]:
    """Return a feed token of a partner, without the token itself."""
    row = feed_tokens.find_token(session, partner_id, normalize_ref(id_))
    if row is None:
        raise FeedTokenNotFound(f"The partner has no feed token with the id {quote_text(id_)}.")
    return build_feed_token_view(row)


def list_feed_tokens(
    session: ReadSession, partner: str, limit: int, position: str | None, *, backwards: bool
) -> ViewPage:
    """Return a page of the feed tokens of a partner, oldest first, revoked ones included."""
    id_ = load_partner(session, partner).id
    rows = feed_tokens.load_token_page(session, id_, position, limit + 1, backwards=backwards)
    return build_view_page(
        rows,
        limit,
        lambda kept: list(map(build_feed_token_view, kept)),
        lambda row: (row.id,),
        placed=position is not None,
        backwards=backwards,
    )


def find_products_naming(session: ReadSession, field: str, id_: str) -> list[str]:
    """Return the slugs of the products whose filter names a category or source."""
    return [row.slug for row in products.load_products(session) if _names(row, field, id_)]


def _names(row: ProductRow, field: str, id_: str) -> bool:
    try:
        clauses = parse_selection(row.selection).clauses
    except UnreadableProduct:
        # It may name anything.
        return id_ in str(row.selection)
    return any(
        clause.field == field and id_ in (*clause.included, *clause.excluded) for clause in clauses
    )


def _build_views(session: ReadSession, rows: Collection[PartnerRow]) -> list[dict[str, Any]]:
    slugs = _list_slugs(partners.load_products_of(session, [row.id for row in rows]))
    return [build_partner_view(row, slugs.get(row.id, ())) for row in rows]


def _list_slugs(found: Iterable[partners.NamedProduct]) -> dict[str, list[str]]:
    slugs: dict[str, list[str]] = {}
    for product in found:
        slugs.setdefault(product.partner_id, []).append(product.slug)
    return slugs
