"""Update stories and categories below a category that moved or has another slug."""

from collections.abc import Sequence

from app.content import store as content_store
from app.content.events import CategorySaved
from app.content.locks import CATEGORY_TREE
from app.delivery import store
from app.delivery.changes import build_update, to_embargoed_change
from app.delivery.rendering import build_terms
from app.kit.sql.unit_of_work import UnitOfWork

_BATCH = 1_000


def update_stories_below(unit: UnitOfWork, category_id: str) -> list[store.Change]:
    """Update the categories of all stories below a category; return their log rows."""
    log: list[store.Change] = []
    for ids in store.find_documents_in_category(unit.session, category_id, _BATCH):
        log += _update_batch(unit, ids)
    return log


def _update_batch(unit: UnitOfWork, ids: list[str]) -> list[store.Change]:
    before = store.load_attributes(unit.session, ids)
    own = store.load_own_categories(unit.session, ids)
    widened = store.add_ancestors(unit.session, [row.category_ids.split(",") for row in own])
    now_under = {row.id: categories for row, categories in zip(own, widened, strict=True)}
    terms = [
        store.StoryTerms(
            row.id,
            row.published_at,
            build_terms(before[row.id].values | {"category": now_under[row.id]}),
        )
        for row in own
    ]
    store.replace_terms(unit.session, terms)
    rows = (
        (build_update(unit, id_, old, changed={"category": sorted(now_under[id_])}), old)
        for id_, old in before.items()
    )
    return [
        row if old.is_public(unit.now) else to_embargoed_change(row)
        for row, old in rows
        if old.is_offered(unit.now)
    ]


def find_changed_paths(unit: UnitOfWork, saved: Sequence[CategorySaved]) -> dict[str, int]:
    """Return the versions of categories below the saved ones whose path changed, by id.

    The saved categories have log rows already, so they are left out.
    """
    changed = {event.category.id for event in saved if event.moved or event.renamed}
    if changed:
        # Serialises with other moves, so that each log row is written with the final path.
        unit.session.lock(CATEGORY_TREE)
        below = content_store.load_categories_below(unit.session, changed)
        own = {event.category.id for event in saved}
        return {id_: version for id_, version in below.items() if id_ not in own}
    if any(event.new and event.category.parent_id is not None for event in saved):
        unit.session.lock(CATEGORY_TREE, shared=True)
    return {}
