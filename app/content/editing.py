"""What every change has in common: finding the thing, its version, its read-only fields."""

from collections.abc import Collection, Mapping
from typing import Any

from app.content import store
from app.content.article import Article, check_version
from app.content.errors import Moved, NotFound
from app.content.taxonomy import Category, Source
from app.content.views import WRITABLE
from app.kit.errors import FieldError, InvalidInput
from app.kit.ids import normalize_ref
from app.kit.json import merge_patch
from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession
from app.kit.sql.unit_of_work import UnitOfWork

# The versions that the caller has seen (If-Match), or nothing where any will do.
Expected = Collection[int] | None


def article_to_change(unit: UnitOfWork, ref: str, expected: Expected) -> Article:
    """Return an article locked for a change, in a version that the caller has seen."""
    article = store.article_by_ref(unit.session, normalize_ref(ref), lock=True)
    if article is None:
        raise not_found(unit.session, "article", ref)
    check_version(article.version, expected)
    return article


def source_to_change(unit: UnitOfWork, ref: str, expected: Expected) -> Source:
    """Return a source locked for a change, in a version that the caller has seen."""
    source = store.source_by_ref(unit.session, normalize_ref(ref), lock=True)
    if source is None:
        raise not_found(unit.session, "source", ref)
    check_version(source.version, expected)
    return source


def category_to_change(unit: UnitOfWork, ref: str, expected: Expected) -> Category:
    """Return a category locked for a change, in a version that the caller has seen."""
    category = store.category_by_ref(unit.session, normalize_ref(ref), lock=True)
    if category is None:
        raise not_found(unit.session, "category", ref)
    check_version(category.version, expected)
    return category


def not_found(session: ReadSession, type_: str, ref: str) -> NotFound:
    """Say that a ref leads nowhere, or where a slug that was once public leads now."""
    slug = store.slug_now(session, type_, normalize_ref(ref))
    if slug is not None:
        return Moved(f"The {type_} {quote_text(ref)} is now {quote_text(slug)}.", slug)
    return NotFound(f"There is no {type_} with the id or slug {quote_text(ref)}.")


def replaced(type_: str, view: Mapping[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Return the writable fields of a document that replaces what `view` shows.

    What is read may be sent back whole: read-only fields are accepted as they are, and
    refused where they differ.
    """
    read_only = view.keys() - WRITABLE[type_]
    changed = [name for name in document if name in read_only and document[name] != view[name]]
    if changed:
        raise InvalidInput(
            "Some fields cannot be written.",
            errors=[
                FieldError(f"#/{name}", "read_only", "This field is set by the server.")
                for name in changed
            ],
        )
    # What the answer to a write said of a body is no field of the story.
    dropped = read_only | {"warnings"} if type_ == "article" else read_only
    fields = {name: value for name, value in document.items() if name not in dropped}
    # A slug that is left out stays; the address of a thing does not change by forgetting it.
    if fields.get("slug") is None:
        fields["slug"] = view["slug"]
    return fields


def patched(type_: str, view: Mapping[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return the writable fields after a merge patch (RFC 7396) on what `view` shows."""
    # Only a write that says so publishes; `status` is not carried over from what is there.
    document = {name: value for name, value in view.items() if name != "status"}
    return replaced(type_, view, merge_patch(document, patch))
