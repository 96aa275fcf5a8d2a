"""Edit a product. The new terms apply to the next request of its partners."""

from typing import Any

from app.access.selection import selection_to_json
from app.kit import json
from app.kit.document_edits import apply_patch, apply_replacement
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.editing import Expected, ReadFilter, check_terms, require_slug, require_version
from app.partners.errors import AgreementInUse
from app.partners.inputs import ProductInput
from app.partners.store import products
from app.partners.terms import ProductRow
from app.partners.views import PRODUCT_FIELDS, build_product_view, to_audit


def replace_product(
    unit: UnitOfWork,
    ref: str,
    document: dict[str, Any],
    expected: Expected,
    read_filter: ReadFilter,
    anonymous: str | None = None,
) -> ProductRow:
    """Replace the writable fields of a product by a document.

    `anonymous` is the slug of the product that anonymous readers have, which has to keep it.
    """
    row = _lock(unit, ref, expected)
    fields = apply_replacement(build_product_view(row), document, PRODUCT_FIELDS)
    return _rewrite(unit, row, ProductInput.read(fields), read_filter, anonymous)


def patch_product(
    unit: UnitOfWork,
    ref: str,
    patch: dict[str, Any],
    expected: Expected,
    read_filter: ReadFilter,
    anonymous: str | None = None,
) -> ProductRow:
    """Apply a merge patch (RFC 7396) to the writable fields of a product."""
    row = _lock(unit, ref, expected)
    fields = apply_patch(build_product_view(row), patch, PRODUCT_FIELDS)
    return _rewrite(unit, row, ProductInput.read(fields), read_filter, anonymous)


def _lock(unit: UnitOfWork, ref: str, expected: Expected) -> ProductRow:
    unit.session.lock(products.FILTER_LOCK)
    row = queries.load_product(unit.session, ref, lock=True)
    require_version(row.version, expected)
    return row


def _rewrite(
    unit: UnitOfWork,
    row: ProductRow,
    written: ProductInput,
    read_filter: ReadFilter,
    anonymous: str | None,
) -> ProductRow:
    """Write an input over a product; an unchanged input writes nothing."""
    check_terms(written)
    selection = selection_to_json(read_filter(written.filter))
    # As it is stored: lists instead of tuples.
    fields = written.model_dump(exclude={"filter"}) | {
        "selection": json.loads(json.dumps(selection)),
        "slug": written.slug or row.slug,
    }
    after = row._replace(**fields)
    if after == row:
        return row
    if after.slug != row.slug:
        if row.slug == anonymous:
            raise AgreementInUse("DATELINE_ANONYMOUS names this product, so it keeps its slug.")
        require_slug(unit.session, "product", after.slug)
    after = after._replace(version=row.version + 1, modified_at=unit.now)
    products.update_product(unit.session, after)
    before, now = build_product_view(row), build_product_view(after)
    unit.audit("edited", "product", row.id, to_audit(before), to_audit(now))
    return after
