"""Delete a product that no partner has."""

from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.editing import Expected, require_version
from app.partners.errors import AgreementInUse
from app.partners.store import feed_tokens, products
from app.partners.views import build_product_view, to_audit


def delete_product(unit: UnitOfWork, ref: str, expected: Expected, anonymous: str | None) -> None:
    """Delete a product; refuse if a partner or anonymous readers have it."""
    row = queries.load_product(unit.session, ref, lock=True)
    require_version(row.version, expected)
    if row.slug == anonymous:
        raise AgreementInUse("DATELINE_ANONYMOUS names this product.")
    partners = products.find_partners_of(unit.session, row.id)
    if partners:
        raise AgreementInUse(
            f"{len(partners)} partner(s) have this product: {quote_text(', '.join(partners))}. "
            "Take it from them first."
        )
    feed_tokens.delete_tokens_of_product(unit.session, row.id)
    products.delete_product(unit.session, row.id)
    unit.audit("deleted", "product", row.id, to_audit(build_product_view(row)), None)
