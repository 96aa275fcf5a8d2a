"""Delete a partner that has no valid key and no valid feed token."""

from app.access.store import has_valid_key
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.editing import Expected, require_version
from app.partners.errors import AgreementInUse
from app.partners.events import PartnerDeleted
from app.partners.store import feed_tokens, partners
from app.partners.views import to_audit


def delete_partner(unit: UnitOfWork, ref: str, expected: Expected) -> None:
    """Delete a partner; refuse if it has a valid key or feed token."""
    row = queries.load_partner(unit.session, ref, lock=True)
    require_version(row.version, expected)
    if has_valid_key(unit.session, row.id, unit.now):
        raise AgreementInUse("This partner has valid keys. Revoke them first.")
    if feed_tokens.has_valid_token(unit.session, row.id, unit.now):
        raise AgreementInUse("This partner has valid feed tokens. Revoke them first.")
    view = queries.show_partner(unit.session, row.id)
    feed_tokens.delete_tokens_of_partner(unit.session, row.id)
    partners.delete_partner(unit.session, row.id)
    unit.events.append(PartnerDeleted(row.id))
    unit.audit("deleted", "partner", row.id, to_audit(view), None)
