"""Products and partners as administrators see them, and as the audit keeps them."""

from collections.abc import Sequence
from typing import Any

from app.access.filter_input import build_filter
from app.kit.clock import format_instant
from app.partners.errors import UnreadableProduct
from app.partners.inputs import PartnerInput, ProductInput
from app.partners.quotas import Quota
from app.partners.store.feed_tokens import FeedTokenWithProduct
from app.partners.terms import PartnerRow, ProductRow, parse_selection

_WARNED_FROM_PERCENT = 80
PRODUCT_FIELDS, PARTNER_FIELDS = ProductInput.model_fields.keys(), PartnerInput.model_fields.keys()


def build_product_view(row: ProductRow) -> dict[str, Any]:
    """Return a product; its filter is null if this version cannot read it."""
    try:
        written = build_filter(parse_selection(row.selection))
    except UnreadableProduct:
        written = None
    return {
        "id": row.id,
        "slug": row.slug,
        "name": row.name,
        "filter": written,
        "form": row.form,
        "images": row.images,
        "embargoed": row.embargoed,
        "delay_minutes": row.delay_minutes,
        "archive_days": row.archive_days,
        "version": row.version,
        "created_at": format_instant(row.created_at),
        "modified_at": format_instant(row.modified_at),
    }


def build_partner_view(row: PartnerRow, products: Sequence[str]) -> dict[str, Any]:
    """Return a partner with the slugs of its products."""
    return {
        "id": row.id,
        "slug": row.slug,
        "name": row.name,
        "products": list(products),
        "contacts": row.contacts,
        "starts_at": None if row.starts_at is None else format_instant(row.starts_at),
        "ends_at": None if row.ends_at is None else format_instant(row.ends_at),
        "limits": row.limits._asdict(),
        "version": row.version,
        "created_at": format_instant(row.created_at),
        "modified_at": format_instant(row.modified_at),
    }


def build_feed_token_view(row: FeedTokenWithProduct) -> dict[str, Any]:
    """Return a feed token without the token itself."""
    return {
        "id": row.id,
        "product": row.product,
        "prefix": row.prefix,
        "created_at": format_instant(row.created_at),
        "expires_at": None if row.expires_at is None else format_instant(row.expires_at),
        "revoked_at": None if row.revoked_at is None else format_instant(row.revoked_at),
    }


def build_quota_view(quota: Quota) -> dict[str, Any]:
    """Return a quota of a partner, and what is left of it."""
    return {
        "name": quota.name,
        "quota": quota.quota,
        "window": quota.window,
        "remaining": quota.remaining,
        "resets_at": format_instant(quota.resets_at),
    }


def build_quota_warnings(quotas: Sequence[Quota]) -> list[dict[str, str]]:
    """Return a warning for each quota of which 80 % or more is used."""
    return [
        {
            "pointer": f"#/limits/{place}",
            "code": "quota_nearly_reached" if quota.remaining else "quota_reached",
            "detail": f"{quota.used} of {quota.quota} stories a {quota.window} are used.",
        }
        for place, quota in enumerate(quotas)
        if quota.used * 100 >= quota.quota * _WARNED_FROM_PERCENT
    ]


def to_audit(view: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a product or partner for the audit, which keeps no contacts."""
    left_out = {"id", "contacts", "created_at", "modified_at"}
    return {name: value for name, value in view.items() if name not in left_out}
