"""What is wrong with products, for `dateline check`."""

from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession
from app.partners.errors import UnreadableProduct
from app.partners.store import products
from app.partners.terms import ProductRow, build_grant


def find_agreement_flaws(session: ReadSession, anonymous: str | None) -> list[str]:
    """Return what is wrong; `anonymous` is the slug of the product of readers without a key."""
    found = [
        f"product {quote_text(row.slug)}: this version cannot read it, so its partners get nothing"
        for row in products.load_products(session)
        if not _is_readable(row)
    ]
    return found if anonymous is None else found + _find_anonymous_flaws(session, anonymous)


def _find_anonymous_flaws(session: ReadSession, slug: str) -> list[str]:
    row = products.find_product(session, slug)
    if row is None:
        return [
            f"DATELINE_ANONYMOUS: there is no product {quote_text(slug)}, so nothing may be read "
            "without a key"
        ]
    if row.embargoed:
        return [
            f"DATELINE_ANONYMOUS: the product {quote_text(slug)} is embargoed; without a key, "
            "stories under embargo are left out"
        ]
    return []


def _is_readable(row: ProductRow) -> bool:
    try:
        build_grant(row.terms)
    except UnreadableProduct:
        return False
    return True
