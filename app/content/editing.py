"""What all edits share: lock the target, check its version, and check read-only fields."""

from collections.abc import Collection, Mapping
from typing import Any

from app.content import store
from app.content.article import Article, check_version
from app.content.errors import InUse, Moved, NotFound
from app.content.taxonomy import Category, Source
from app.content.views import WRITABLE
from app.kit import document_edits
from app.kit.ids import normalize_ref
from app.kit.json import merge_patch
from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.queries import find_products_naming
from app.partners.store.products import FILTER_LOCK

# The versions that the client has seen (If-Match), or `None` to accept any.
ExpectedVersions = Collection[int] | None


def lock_article(unit: UnitOfWork, ref: str, expected: ExpectedVersions) -> Article:
    """Lock an article for a change; refuse a version that the client has not seen."""
    article = store.find_article(unit.session, normalize_ref(ref), lock=True)
    if article is None:
        raise build_not_found(unit.session, "article", ref)
    check_version(article.version, expected)
    return article


def lock_source(unit: UnitOfWork, ref: str, expected: ExpectedVersions) -> Source:
    """Lock a source for a change; refuse a version that the client has not seen."""
    source = store.find_source(unit.session, normalize_ref(ref), lock=True)
    if source is None:
        raise build_not_found(unit.session, "source", ref)
    check_version(source.version, expected)
    return source


def lock_category(unit: UnitOfWork, ref: str, expected: ExpectedVersions) -> Category:
    """Lock a category for a change; refuse a version that the client has not seen."""
    category = store.find_category(unit.session, normalize_ref(ref), lock=True)
    if category is None:
        raise build_not_found(unit.session, "category", ref)
    check_version(category.version, expected)
    return category


def require_no_product(session: WriteSession, type_: str, id_: str) -> None:
    """Raise if the filter of a product names a source or category; none can until the commit."""
    session.lock(FILTER_LOCK)
    products = find_products_naming(session, type_, id_)
    if products:
        raise InUse(
            f"The filter of {len(products)} product(s) names this {type_}: "
            f"{quote_text(', '.join(products))}. Change it first."
        )


def build_not_found(session: ReadSession, type_: str, ref: str) -> NotFound:
    """Build the error for an unknown id or slug, with the current slug for a former public one."""
    slug = store.find_current_slug(session, type_, normalize_ref(ref))
    if slug is not None:
        return Moved(f"The {type_} {quote_text(ref)} is now {quote_text(slug)}.", slug)
    return NotFound(f"There is no {type_} with the id or slug {quote_text(ref)}.")


def apply_replacement(
    type_: str, view: Mapping[str, Any], document: dict[str, Any]
) -> dict[str, Any]:
    """Return the writable fields of a document that replaces what `view` shows."""
    if type_ == "article":
        # `warnings` are in answers to writes, but are not a field of the article.
        document = {name: value for name, value in document.items() if name != "warnings"}
    return document_edits.apply_replacement(view, document, WRITABLE[type_])


def apply_patch(type_: str, view: Mapping[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Apply a merge patch (RFC 7396) to what `view` shows; return the writable fields."""
    # `status` is not carried over: only a request that says so publishes.
    document = {name: value for name, value in view.items() if name != "status"}
    return apply_replacement(type_, view, merge_patch(document, patch))
