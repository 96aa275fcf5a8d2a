"""Stories like a story: by content and category, without itself or what nearly repeats it."""

from dataclasses import replace

from app.access.selection import Clause, Selection, language_ranges
from app.delivery.snapshot import PublicStory, Snapshot
from app.search.copies import is_near_copy
from app.search.index import Reader
from app.search.stories import indexed

_CANDIDATES_MORE = 20


def related(
    id_: str, selection: Selection, limit: int, public: Snapshot, reader: Reader
) -> list[str]:
    """Return the ids of stories like a visible one, the most like first."""
    stories = public.load_stories([id_])
    if not stories:
        return []
    story = stories[0]
    selection = _in_its_language(story, selection)
    hits = reader.similar(indexed(story), selection, limit + _CANDIDATES_MORE)
    found = {one.id: one for one in public.load_stories([hit.id for hit in hits])}
    in_order = (found[hit.id] for hit in hits if hit.id in found)
    return [one.id for one in in_order if not is_near_copy(story, one)][:limit]


def _in_its_language(story: PublicStory, selection: Selection) -> Selection:
    """Return a selection of stories in the language of one, unless it asks for others itself."""
    if any(clause.field == "language" for clause in selection.clauses):
        return selection
    widest = language_ranges(story.language)[0]
    return replace(selection, clauses=(*selection.clauses, Clause("language", (widest,))))
