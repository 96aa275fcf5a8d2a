"""Edit a partner. The new agreement applies to the next request of its keys."""

from typing import Any

from app.kit.document_edits import apply_patch, apply_replacement
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.editing import (
    Expected,
    check_agreement,
    find_product_ids,
    require_slug,
    require_version,
)
from app.partners.inputs import PartnerInput
from app.partners.store import partners
from app.partners.terms import PartnerRow
from app.partners.views import PARTNER_FIELDS, to_audit


def replace_partner(
    unit: UnitOfWork, ref: str, document: dict[str, Any], expected: Expected
) -> PartnerRow:
    """Replace the writable fields of a partner by a document."""
    row = _lock(unit, ref, expected)
    view = queries.show_partner(unit.session, row.id)
    fields = apply_replacement(view, document, PARTNER_FIELDS)
    return _rewrite(unit, row, PartnerInput.read(fields))


def patch_partner(
    unit: UnitOfWork, ref: str, patch: dict[str, Any], expected: Expected
) -> PartnerRow:
    """Apply a merge patch (RFC 7396) to the writable fields of a partner."""
    row = _lock(unit, ref, expected)
    fields = apply_patch(queries.show_partner(unit.session, row.id), patch, PARTNER_FIELDS)
    return _rewrite(unit, row, PartnerInput.read(fields))


def _lock(unit: UnitOfWork, ref: str, expected: Expected) -> PartnerRow:
    row = queries.load_partner(unit.session, ref, lock=True)
    require_version(row.version, expected)
    return row


def _rewrite(unit: UnitOfWork, row: PartnerRow, written: PartnerInput) -> PartnerRow:
    """Write an input over a partner; an unchanged input writes nothing."""
    check_agreement(written)
    fields = written.model_dump(exclude={"products", "limits"}) | written.limits.model_dump()
    fields["slug"] = written.slug or row.slug
    products = find_product_ids(unit, written.products)
    had = [product.id for product in partners.load_products_of(unit.session, [row.id])]
    after = row._replace(**fields)
    if after == row and products == had:
        return row
    if after.slug != row.slug:
        require_slug(unit.session, "partner", after.slug)
    before = queries.show_partner(unit.session, row.id)
    after = after._replace(version=row.version + 1, modified_at=unit.now)
    partners.update_partner(unit.session, after)
    if products != had:
        partners.replace_products(unit.session, row.id, products)
    view = queries.show_partner(unit.session, row.id)
    unit.audit("edited", "partner", row.id, to_audit(before), to_audit(view))
    return after
