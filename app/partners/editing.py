"""What the commands of products and partners share: versions, slugs, and checks of inputs."""

from collections.abc import Callable, Collection, Iterable
from functools import partial

from app.access.filter_input import FilterInput
from app.access.selection import Selection
from app.kit.errors import FieldError, InvalidInput
from app.kit.ids import normalize_ref
from app.kit.quoting import quote_text
from app.kit.slugs import find_free_slug, make_slug
from app.kit.sql.session import WriteSession
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.errors import AgreementChanged, AgreementSlugTaken
from app.partners.inputs import PartnerInput, Terms
from app.partners.store import partners, products
from app.partners.terms import RESERVED_SLUGS

# The versions that the client has seen (If-Match), or `None` to accept any.
Expected = Collection[int] | None
# Returns the selection of a filter, with the ids of what it names.
ReadFilter = Callable[[FilterInput], Selection]
_FIND_TAKEN = {"product": products.find_taken_slugs, "partner": partners.find_taken_slugs}


def require_version(current: int, expected: Expected) -> None:
    """Refuse a change if the current version is not an expected one."""
    if expected is not None and current not in expected:
        raise AgreementChanged(
            f"The current version is {current}. Read it again, and repeat your change on it."
        )


def require_slug(session: WriteSession, type_: str, slug: str) -> str:
    """Return a requested slug, or raise an error if it is taken or reserved."""
    if type_ == "product" and slug in RESERVED_SLUGS:
        detail = f"{quote_text(slug)} has a meaning in DATELINE_ANONYMOUS. Choose another slug."
        raise InvalidInput.at("#/slug", "not_allowed", detail)
    if _FIND_TAKEN[type_](session, [slug]):
        raise AgreementSlugTaken(
            f"The slug {quote_text(slug)} belongs to another {type_}. Choose another, or leave it "
            "out.",
            errors=[FieldError("#/slug", "slug_taken", "Taken.")],
        )
    return slug


def make_free_agreement_slug(session: WriteSession, type_: str, name: str) -> str:
    """Make a free slug from a name."""
    wanted = make_slug(name, fallback=type_)
    session.lock(f"slug:{type_}:{wanted}")
    return find_free_slug(wanted, partial(_find_unusable, session, type_))


def check_terms(written: Terms) -> None:
    """Refuse terms that contradict each other."""
    errors: list[FieldError] = []
    if written.embargoed and written.delay_minutes:
        detail = "A product with stories under embargo has no delay."
        errors.append(FieldError("#/delay_minutes", "not_allowed", detail))
    days = written.archive_days
    if days is not None and days * 24 * 60 <= written.delay_minutes:
        detail = "A story would be too old before it is sent first."
        errors.append(FieldError("#/archive_days", "not_allowed", detail))
    _raise_if_any(errors)


def check_agreement(written: PartnerInput) -> None:
    """Refuse an agreement that ends before it starts, or a month with fewer stories than a day."""
    errors: list[FieldError] = []
    starts_at, ends_at = written.starts_at, written.ends_at
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        detail = "The agreement would end before it starts."
        errors.append(FieldError("#/ends_at", "not_allowed", detail))
    per_day, per_month = written.limits.stories_per_day, written.limits.stories_per_month
    if per_day is not None and per_month is not None and per_month < per_day:
        detail = (
            f"stories_per_month is {per_month}, and stories_per_day is {per_day}. A month cannot "
            f"have fewer stories than a day: send at least {per_day} for the month, at most "
            f"{per_month} for the day, or null for one of them."
        )
        errors.append(FieldError("#/limits/stories_per_month", "not_allowed", detail))
    _raise_if_any(errors)


def find_product_ids(unit: UnitOfWork, refs: Iterable[str]) -> list[str]:
    """Return the ids of products in their order; refuse unknown and repeated ones."""
    ids: list[str] = []
    errors: list[FieldError] = []
    for place, ref in enumerate(refs):
        row = products.find_product(unit.session, normalize_ref(ref))
        pointer = f"#/products/{place}"
        if row is None:
            detail = f"There is no product with the id or slug {quote_text(ref)}."
            errors.append(FieldError(pointer, "unknown_reference", detail))
        elif row.id in ids:
            errors.append(FieldError(pointer, "not_allowed", "The product is named twice."))
        else:
            ids.append(row.id)
    _raise_if_any(errors)
    return ids


def find_partner_id(unit: UnitOfWork, ref: str | None) -> str | None:
    """Return the id of the partner that a key is for; the partner is not deleted meanwhile."""
    if ref is None:
        return None
    row = partners.find_partner(unit.session, normalize_ref(ref), lock=True)
    if row is None:
        detail = f"There is no partner with the id or slug {quote_text(ref)}."
        raise InvalidInput.at("#/partner", "unknown_reference", detail)
    return row.id


def _find_unusable(session: WriteSession, type_: str, slugs: list[str]) -> set[str]:
    taken = _FIND_TAKEN[type_](session, slugs)
    return taken | RESERVED_SLUGS.intersection(slugs) if type_ == "product" else taken


def _raise_if_any(errors: list[FieldError]) -> None:
    if errors:
        raise InvalidInput(" ".join(error.detail for error in errors), errors=errors)
