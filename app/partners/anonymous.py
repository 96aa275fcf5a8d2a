"""The caller of requests without a key: a setting decides what it may read."""

from app.access.caller import ANONYMOUS, Caller
from app.access.entitlement import (
    HEADLINES,
    NOTHING,
    PUBLIC,
    Entitlement,
    combine,
)
from app.kit.sql.change_watch import Version, Watch
from app.kit.sql.database import Database
from app.partners.errors import UnreadableProduct
from app.partners.store.products import GRANT_BY_SLUG
from app.partners.terms import build_grant

_FIXED = {"all": PUBLIC, "headlines": HEADLINES, "none": NOTHING}


class AnonymousReader:
    """The caller without a key; with a product, it may change with every write."""

    def __init__(self, setting: str, database: Database, watch: Watch) -> None:
        """Use `all`, `headlines`, `none`, or the slug of a product."""
        self._database = database
        self._watch = watch
        # The slug of the product, or None.
        self.product = None if setting in _FIXED else setting
        entitlement = _FIXED.get(setting)
        # The caller that never changes, or None with a product.
        self.fixed = None if entitlement is None else _build_caller(entitlement)
        self._known: tuple[Version, Caller] | None = None

    def find(self) -> Caller | None:
        """Return the current caller, or None if it has to be loaded; makes no query."""
        if self.fixed is not None:
            return self.fixed
        known = self._known
        return known[1] if known is not None and known[0] == self._watch.rights_version() else None

    def load(self) -> Caller:
        """Return the current caller; make a query if there was a write."""
        caller = self.find()
        if caller is None:
            version = self._watch.rights_version()
            caller = _build_caller(self._load_entitlement())
            self._known = (version, caller)
        return caller

    def _load_entitlement(self) -> Entitlement:
        rows = self._database.fetch(GRANT_BY_SLUG, {"slug": self.product})
        try:
            # Anyone may read it, so it never includes stories under embargo.
            return combine(map(build_grant, rows)).without_embargo()
        except UnreadableProduct:
            return NOTHING


def _build_caller(entitlement: Entitlement) -> Caller:
    return ANONYMOUS if entitlement is PUBLIC else Caller(entitlement=entitlement)
