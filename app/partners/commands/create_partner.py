"""Create a partner."""

from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.editing import (
    check_agreement,
    find_product_ids,
    make_free_agreement_slug,
    require_slug,
)
from app.partners.inputs import PartnerInput
from app.partners.store import partners
from app.partners.terms import PartnerRow
from app.partners.views import to_audit


def create_partner(unit: UnitOfWork, written: PartnerInput) -> PartnerRow:
    """Create a partner with its products; it has no keys yet."""
    check_agreement(written)
    row = PartnerRow(
        id=new_id(),
        slug=require_slug(unit.session, "partner", written.slug)
        if written.slug
        else make_free_agreement_slug(unit.session, "partner", written.name),
        name=written.name,
        contacts=[contact.model_dump() for contact in written.contacts],
        starts_at=written.starts_at,
        ends_at=written.ends_at,
        announced_end=None,
        version=1,
        created_at=unit.now,
        modified_at=unit.now,
        **written.limits.model_dump(),
    )
    products = find_product_ids(unit, written.products)
    partners.insert_partner(unit.session, row)
    partners.replace_products(unit.session, row.id, products)
    view = queries.show_partner(unit.session, row.id)
    unit.audit("created", "partner", row.id, None, to_audit(view))
    return row
