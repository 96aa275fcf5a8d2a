"""Products and partners as stored, and the grant of a product."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, get_args

from app.access.entitlement import Grant, GrantForm
from app.access.limits.partner_limits import PartnerLimits
from app.access.selection import Field, Selection, TimeRange, selection_from_json
from app.kit import json
from app.kit.bounded_cache import BoundedCache
from app.partners.errors import UnreadableProduct

RESERVED_SLUGS = frozenset({"all", "headlines", "none"})
_FIELDS, _FORMS = frozenset(get_args(Field)), frozenset(get_args(GrantForm))


class GrantColumns(NamedTuple):
    """The columns of a product that make its grant; the selection is JSON, so they are hashable."""

    selection: str
    form: str
    images: bool
    embargoed: bool
    delay_minutes: int
    archive_days: int | None


class ProductRow(NamedTuple):
    """A row of a product."""

    id: str
    slug: str
    name: str
    selection: list[Any]
    form: GrantForm
    images: bool
    embargoed: bool
    delay_minutes: int
    archive_days: int | None
    version: int
    created_at: datetime
    modified_at: datetime

    @property
    def terms(self) -> GrantColumns:
        """Return the columns that make the grant."""
        return GrantColumns(json.dumps_text(self.selection), *self[4:9])


class PartnerRow(NamedTuple):
    """A row of a partner."""

    id: str
    slug: str
    name: str
    contacts: list[dict[str, Any]]
    starts_at: datetime | None
    ends_at: datetime | None
    announced_end: datetime | None
    version: int
    created_at: datetime
    modified_at: datetime
    requests_per_minute: int | None
    stories_per_day: int | None
    stories_per_month: int | None

    @property
    def limits(self) -> PartnerLimits:
        """Return the limits of the agreement."""
        return PartnerLimits(self.requests_per_minute, self.stories_per_day, self.stories_per_month)


# Bytes of grants, which partners share; one takes a few times its selection.
_MOST_BYTES, _GRANT_BYTES, _TEXT_COPIES = 8 * 2**20, 2_000, 5
_grants: BoundedCache[GrantColumns, Grant] = BoundedCache(
    _MOST_BYTES, lambda columns, _: _GRANT_BYTES + _TEXT_COPIES * len(columns.selection)
)


def build_grant(product: GrantColumns) -> Grant:
    """Return the grant of a product; raise `UnreadableProduct` if a part of it is unknown.

    A newer version may have stored it. Ignoring the part could grant more than was agreed.
    """
    known = _grants.get(product)
    if known is None:
        known = _grants[product] = _parse_grant(product)
    return known


def _parse_grant(product: GrantColumns) -> Grant:
    if product.form not in _FORMS:
        raise UnreadableProduct
    form: GrantForm = "full" if product.form == "full" else "headline"
    days = product.archive_days
    return Grant(
        parse_selection(json.loads(product.selection)),
        form,
        product.images,
        product.embargoed,
        timedelta(minutes=product.delay_minutes),
        None if days is None else timedelta(days=days),
    )


def parse_selection(stored: list[Any]) -> Selection:
    """Return a stored selection; raise `UnreadableProduct` if a part of it is unknown."""
    try:
        selection = selection_from_json(stored)
    except (TypeError, ValueError) as error:
        raise UnreadableProduct from error
    is_known = all(clause.field in _FIELDS for clause in selection.clauses)
    if not is_known or (selection.published, selection.updated) != (TimeRange(), TimeRange()):
        raise UnreadableProduct
    return selection
