"""Edits of stored objects by documents: replacements (PUT) and merge patches (PATCH)."""

from collections.abc import Collection, Mapping
from typing import Any

from app.kit.errors import FieldError, InvalidInput
from app.kit.json import merge_patch


def apply_replacement(
    view: Mapping[str, Any], document: dict[str, Any], writable: Collection[str]
) -> dict[str, Any]:
    """Return the writable fields of a document that replaces what `view` shows.

    A client may send back everything it has read: read-only fields are accepted if they have the
    same value, and refused if they differ.
    """
    read_only = view.keys() - writable
    changed = [name for name in document if name in read_only and document[name] != view[name]]
    if changed:
        raise InvalidInput(
            "Some fields cannot be written.",
            errors=[
                FieldError(f"#/{name}", "read_only", "This field is set by the server.")
                for name in changed
            ],
        )
    fields = {name: value for name, value in document.items() if name not in read_only}
    # Without a slug in the document, the slug stays.
    if fields.get("slug") is None:
        fields["slug"] = view["slug"]
    return fields


def apply_patch(
    view: Mapping[str, Any], patch: dict[str, Any], writable: Collection[str]
) -> dict[str, Any]:
    """Apply a merge patch (RFC 7396) to what `view` shows; return the writable fields."""
    return apply_replacement(view, merge_patch(view, patch), writable)
