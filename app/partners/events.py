"""Events of partners, processed by higher layers in the same transaction."""

from dataclasses import dataclass

from app.partners.terms import PartnerRow


@dataclass(frozen=True, slots=True)
class AgreementEnding:
    """The agreement of a partner ends soon."""

    partner: PartnerRow


@dataclass(frozen=True, slots=True)
class PartnerDeleted:
    """A partner was deleted."""

    partner_id: str
