"""Create a product."""

from app.access.selection import selection_to_json
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.editing import ReadFilter, check_terms, make_free_agreement_slug, require_slug
from app.partners.inputs import ProductInput
from app.partners.store import products
from app.partners.terms import ProductRow
from app.partners.views import build_product_view, to_audit


def create_product(unit: UnitOfWork, written: ProductInput, read_filter: ReadFilter) -> ProductRow:
    """Create a product, which no partner has yet."""
    check_terms(written)
    unit.session.lock(products.FILTER_LOCK)
    row = ProductRow(
        id=new_id(),
        slug=require_slug(unit.session, "product", written.slug)
        if written.slug
        else make_free_agreement_slug(unit.session, "product", written.name),
        name=written.name,
        selection=selection_to_json(read_filter(written.filter)),
        form=written.form,
        images=written.images,
        embargoed=written.embargoed,
        delay_minutes=written.delay_minutes,
        archive_days=written.archive_days,
        version=1,
        created_at=unit.now,
        modified_at=unit.now,
    )
    products.insert_product(unit.session, row)
    unit.audit("created", "product", row.id, None, to_audit(build_product_view(row)))
    return row
