"""The recipients of a story: the partners that received it, and whether its removal arrived."""

from datetime import datetime
from functools import partial
from typing import Any, Literal

from app.content import store as content_store
from app.content.article import State, compute_state
from app.content.editing import build_not_found
from app.content.views import format_optional_instant
from app.kit.clock import format_instant
from app.kit.ids import normalize_ref
from app.kit.sql.session import ReadSession
from app.kit.view_page import ViewPage, build_view_page
from app.partners.store.receipts import ReceiptRow, load_receipts

Removal = Literal["none", "pending", "received"]


def list_recipients(
    session: ReadSession,
    ref: str,
    now: datetime,
    *,
    position: str | None,
    backwards: bool,
    limit: int,
) -> ViewPage:
    """Return the partners that received a story, in the order of their ids."""
    found = content_store.find_article(session, normalize_ref(ref))
    if found is None:
        raise build_not_found(session, "article", ref)
    rows = load_receipts(session, found.id, position, limit + 1, backwards=backwards)
    view = partial(_build_view, state=compute_state(found, now))
    return build_view_page(
        rows,
        limit,
        lambda kept: list(map(view, kept)),
        lambda row: (row.partner_id,),
        placed=position is not None,
        backwards=backwards,
    )


def _build_view(row: ReceiptRow, state: State) -> dict[str, Any]:
    return {
        "partner_id": row.partner_id,
        "partner": row.slug,
        "name": row.name,
        "first_at": format_instant(row.first_at),
        "last_at": format_instant(row.last_at),
        "version": row.version,
        "form": row.form,
        "route": row.route,
        "removal": _find_removal(row, state),
        "removal_at": format_optional_instant(row.removal_at),
        "removal_route": row.removal_route,
    }


def _find_removal(row: ReceiptRow, state: State) -> Removal:
    if row.removal_at is not None:
        return "received"
    return "none" if state == "published" else "pending"
