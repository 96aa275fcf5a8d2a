"""Create a token for the feeds of a product of a partner."""

from dataclasses import dataclass

from app.kit.clock import format_instant
from app.kit.errors import InvalidInput
from app.kit.ids import new_id, normalize_ref
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.feed_tokens import PREFIX_LENGTH, generate_token, hash_token
from app.partners.inputs import FeedTokenInput
from app.partners.store import feed_tokens, partners
from app.partners.store.feed_tokens import FeedTokenRow


@dataclass(frozen=True, slots=True)
class CreatedFeedToken:
    """The ids of a new token and its partner, and the token itself, which is not stored."""

    id: str
    partner_id: str
    token: str


def create_feed_token(unit: UnitOfWork, partner: str, written: FeedTokenInput) -> CreatedFeedToken:
    """Create a token for one of the products of a partner, and return it."""
    row = queries.load_partner(unit.session, partner, lock=True)
    products = partners.load_products_of(unit.session, [row.id])
    ref = normalize_ref(written.product)
    named = [product for product in products if ref in {product.id, product.slug}]
    if not named:
        detail = f"The partner has no product with the id or slug {quote_text(written.product)}."
        raise InvalidInput.at("#/product", "unknown_reference", detail)
    expires_at = written.expires_at
    if expires_at is not None and expires_at <= unit.now:
        detail = "This token would have expired already."
        raise InvalidInput.at("#/expires_at", "in_the_past", detail)
    made = CreatedFeedToken(new_id(), row.id, generate_token())
    feed_tokens.insert_token(
        unit.session,
        FeedTokenRow(
            id=made.id,
            partner_id=row.id,
            product_id=named[0].id,
            prefix=made.token[:PREFIX_LENGTH],
            digest=hash_token(made.token),
            created_at=unit.now,
            expires_at=expires_at,
            revoked_at=None,
        ),
    )
    noted = {
        "partner": row.slug,
        "product": named[0].slug,
        "expires_at": None if expires_at is None else format_instant(expires_at),
    }
    unit.audit("created", "feed_token", made.id, None, noted)
    return made
