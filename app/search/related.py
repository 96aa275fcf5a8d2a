"""Related stories: similar in content and category, without near duplicates."""

from dataclasses import replace

from app.access.selection import Clause, Selection, language_ranges
from app.delivery.snapshot import PublicStory, Snapshot
from app.search.grants import to_index_grants
from app.search.index import Reader
from app.search.near_duplicates import is_near_duplicate
from app.search.stories import to_indexed_story

_EXTRA_CANDIDATES = 20


def find_related(
    id_: str, selection: Selection, limit: int, public: Snapshot, reader: Reader
) -> list[str]:
    """Return the ids of stories similar to a visible story, the most similar first."""
    stories = public.load_stories([id_])
    if not stories:
        return []
    story = stories[0]
    selection = _restrict_to_language(story, selection)
    grants = to_index_grants(public.entitlement, public.now)
    most = limit + _EXTRA_CANDIDATES
    hits = reader.find_similar(to_indexed_story(story), selection, most, grants)
    candidates = {
        candidate.id: candidate for candidate in public.load_stories([hit.id for hit in hits])
    }
    in_order = (candidates[hit.id] for hit in hits if hit.id in candidates)
    return [candidate.id for candidate in in_order if not is_near_duplicate(story, candidate)][
        :limit
    ]


def _restrict_to_language(story: PublicStory, selection: Selection) -> Selection:
    """Return a selection limited to the language of a story, unless it filters by language."""
    if any(clause.field == "language" for clause in selection.clauses):
        return selection
    widest = language_ranges(story.language)[0]
    return replace(selection, clauses=(*selection.clauses, Clause("language", (widest,))))
