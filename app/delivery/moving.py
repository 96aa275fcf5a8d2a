"""A category that moved: its stories are now found under other categories."""

from app.delivery import store
from app.delivery.rows import seen_otherwise
from app.delivery.telling import for_embargoed
from app.delivery.terms import terms_of
from app.kit.sql.unit_of_work import UnitOfWork

_BATCH = 1_000


def move_stories(unit: UnitOfWork, category_id: str) -> list[store.Change]:
    """Write the categories of all stories below a category anew; return their log rows."""
    log: list[store.Change] = []
    for ids in store.documents_under(unit.session, category_id, _BATCH):
        log += _move(unit, ids)
    return log


def _move(unit: UnitOfWork, ids: list[str]) -> list[store.Change]:
    before = store.attributes(unit.session, ids)
    own = store.own_categories(unit.session, ids)
    widened = store.with_ancestors(unit.session, [row.category_ids.split(",") for row in own])
    now_under = {row.id: categories for row, categories in zip(own, widened, strict=True)}
    terms = [
        store.StoryTerms(
            row.id,
            row.published_at,
            terms_of(before[row.id].values | {"category": now_under[row.id]}),
        )
        for row in own
    ]
    store.replace_terms(unit.session, terms)
    rows = (
        (seen_otherwise(unit, id_, old, now_is={"category": sorted(now_under[id_])}), old)
        for id_, old in before.items()
    )
    return [
        row if old.is_out(unit.now) else for_embargoed(row)
        for row, old in rows
        if old.is_offered(unit.now)
    ]
