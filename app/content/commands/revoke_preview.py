"""Revoke a preview link."""

from app.content import store
from app.content.errors import NotFound
from app.kit.sql.unit_of_work import UnitOfWork


def revoke_preview(unit: UnitOfWork, preview_id: str) -> None:
    """Revoke a link immediately."""
    found = store.find_preview(unit.session, preview_id)
    if found is None:
        raise NotFound("This link is not known here; it may have been revoked, or have ended.")
    store.delete_preview(unit.session, preview_id)
    unit.audit("revoked", "preview", found.article_id, {"id": preview_id}, None)
