"""Stories taken out of delivery, and what stands in their place.

Who could have seen a story, by what it was selected by, is kept with the answer that its
readers get. A story that nobody could have seen leaves nothing behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.access.selection import SelectionFields
from app.content.article import Article
from app.content.events import ArticleWithdrawn, Tombstone
from app.delivery import store
from app.delivery.render import attributes_of
from app.delivery.telling import for_embargoed
from app.kit.sql.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class _Seen:
    """A story as readers could have seen it last.

    `told` says that the log told of it, `embargoed` that only those could have seen it who read
    what is under embargo.
    """

    attributes: SelectionFields
    version: int | None
    told: bool = True
    embargoed: bool = False


def withdraw(
    unit: UnitOfWork,
    events: Mapping[str, ArticleWithdrawn],
    before: Mapping[str, store.Attributes],
    standing: Mapping[str, store.Stone],
) -> list[store.Change]:
    """Take stories away and return the rows of the log.

    `before` are their documents, `standing` is what stands where they were.
    """
    hidden = [id_ for id_ in events if id_ not in before or not before[id_].is_out(unit.now)]
    last = store.last_log_rows(unit.session, hidden)
    last_held = store.last_embargoed_rows(unit.session, hidden)
    log: list[store.Change] = []
    stones: list[store.Stone] = []
    slugs: list[store.RedirectRow] = []
    for id_, event in events.items():
        old, there = before.get(id_), standing.get(id_)
        out = old if old is not None and old.is_out(unit.now) else None
        seen = _seen(unit, event, old, last.get(id_), there)
        # So that a kill reaches who reads what is under embargo, and had what was taken back
        # quietly before, a trace of it stays.
        if seen is not None and (event.tombstone is not None or seen.embargoed):
            stones.append(_stone(unit, id_, event.tombstone, seen))
        other = _is_other(event, there)
        if seen is not None and seen.told and (out is not None or other):
            log.append(_row(unit, id_, event, seen.version, seen.attributes))
        if out is None:
            log += _embargoed_rows(unit, id_, event, old, last_held.get(id_) if other else None)
        if old is not None and old.is_offered(unit.now):
            # It may come back under another slug; links to this one should find it then.
            slugs.append(store.RedirectRow("article", old.slug, id_))
    store.remove_documents(unit.session, events.keys())
    store.replace_tombstones(unit.session, standing.keys(), stones)
    store.add_redirects(unit.session, slugs)
    return log


def keep_traces(unit: UnitOfWork, seen: Mapping[str, store.Attributes]) -> None:
    """Remember stories that went quietly, and that some had read while they were under embargo.

    The change log does not know of them, so a kill could not reach those readers. What stands in
    the place of such a story already stays.
    """
    standing = store.tombstones(unit.session, seen.keys())
    traces = [
        _stone(unit, id_, None, _Seen(old.values, old.version, told=False, embargoed=True))
        for id_, old in seen.items()
        if id_ not in standing
    ]
    store.replace_tombstones(unit.session, (), traces)


def _embargoed_rows(
    unit: UnitOfWork,
    id_: str,
    event: ArticleWithdrawn,
    old: store.Attributes | None,
    last: store.LastChange | None,
) -> list[store.Change]:
    """Return the row for those who read what is under embargo, and had this story.

    `last` is what they were told of it last, where it was taken from them before and there is
    something else to be said now.
    """
    if old is not None and old.is_offered(unit.now):
        row = _row(unit, id_, event, old.version, old.values)
    elif last is not None:
        row = _row(unit, id_, event, last.version, last.after or last.before or {})
    else:
        return []
    return [for_embargoed(row)]


def _seen(
    unit: UnitOfWork,
    event: ArticleWithdrawn,
    old: store.Attributes | None,
    last: store.LastChange | None,
    there: store.Stone | None,
) -> _Seen | None:
    if old is not None and old.is_out(unit.now):
        return _Seen(old.values, old.version)
    if last is not None:
        return _Seen(last.after or last.before or {}, last.version)
    if event.tombstone is not None and event.tombstone.seen is not None:
        return _Seen(_attributes(unit, event.tombstone.seen), None, told=False)
    if old is not None and old.is_offered(unit.now):
        return _Seen(old.values, old.version, told=False, embargoed=True)
    if there is not None:
        public = not there.embargoed
        return _Seen(there.attributes, None, told=public, embargoed=there.embargoed)
    return None


def _attributes(unit: UnitOfWork, article: Article) -> SelectionFields:
    (categories,) = store.with_ancestors(unit.session, [article.categories])
    return attributes_of(article, categories)


def _stone(unit: UnitOfWork, id_: str, tombstone: Tombstone | None, seen: _Seen) -> store.Stone:
    return store.Stone(
        id=id_,
        at=unit.now,
        answer=tombstone.answer if tombstone is not None else store.NOT_FOUND,
        notice=tombstone.notice if tombstone is not None else None,
        redirect_to=tombstone.redirect_to if tombstone is not None else None,
        embargoed=seen.embargoed,
        attributes=seen.attributes,
    )


def _is_other(event: ArticleWithdrawn, there: store.Stone | None) -> bool:
    """Tell whether readers get another answer now than they got before."""
    stone = event.tombstone
    now = (stone.answer, stone.notice, stone.redirect_to) if stone is not None else None
    if there is None or there.answer == store.NOT_FOUND:
        return now is not None
    return now != (there.answer, there.notice, there.redirect_to)


def _row(
    unit: UnitOfWork,
    id_: str,
    event: ArticleWithdrawn,
    version: int | None,
    attributes: SelectionFields,
) -> store.Change:
    notice = event.tombstone.notice if event.tombstone is not None else None
    return store.Change(
        unit.now, "article", id_, "remove", event.reason, version, notice, before=attributes
    )
