"""Lists of the management side: parse parameters, and load pages."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from app.api.http.filters import MANAGED_FILTERS, SPANS, read_selection
from app.api.http.paging import COUNT, CURSOR, LIMIT, Paging
from app.api.http.parameters import ParameterSet, declare_choice, declare_text, declare_words
from app.bootstrap import Services
from app.content import queries
from app.content.article import STATES
from app.content.queries import TaxonomyType
from app.content.references import ReferenceResolver
from app.content.store import load_slugs
from app.content.store.article_lists import ArticleList, ManageSort
from app.kit.sql.session import ReadSession
from app.kit.view_page import ViewPage

# The column of each order.
_SORTS: dict[str, ManageSort] = {
    "-modified_at": "modified_at",
    "modified_at": "modified_at",
    "-published_at": "published_at",
    "published_at": "published_at",
    "-updated_at": "updated_at",
    "updated_at": "updated_at",
}
_STATE = declare_words(
    "state", "ArticleState", STATES, "The states to list; if left out, all but `deleted`."
)
_EXTERNAL_ID = declare_text("external_id", "The id that the source gave its story.")
_SORT = declare_choice(
    "sort",
    "ManagedSort",
    _SORTS,
    "-modified_at",
    "The order of the list; a leading minus means newest first.",
)
ARTICLES = ParameterSet(*MANAGED_FILTERS, *SPANS, _STATE, _EXTERNAL_ID, _SORT, LIMIT, CURSOR, COUNT)
TAXONOMY = ParameterSet(LIMIT, CURSOR, COUNT)


class Newsroom(NamedTuple):
    """Resolves categories and sources in a session."""

    resolve: Callable[[TaxonomyType, str], str | None]
    list_slugs: Callable[[TaxonomyType], Iterable[str]]


def build_newsroom(session: ReadSession) -> Newsroom:
    """Return what resolves the categories and sources of filters in a session."""
    return Newsroom(ReferenceResolver(session).find_id, partial(load_slugs, session))


def read_manage_list(
    services: Services, path: str, query_string: bytes, *, whole: bool
) -> tuple[Paging, ViewPage]:
    """Return the paging parameters and a page of articles."""
    values = ARTICLES.parse(query_string)
    sort, states, external_id = values[_SORT], values[_STATE], values[_EXTERNAL_ID]
    now = services.clock.now()
    with services.database.read() as session:
        newsroom = build_newsroom(session)
        selection = read_selection(values, newsroom)
        query = f"{path}?{selection!r}&{sort}&{states}&{external_id}"
        paging = Paging.read(services.cursors, values, query, 2)
        place = paging.position
        wanted = ArticleList(
            selection=selection,
            states=states,
            external_id=external_id,
            key=_SORTS[sort],
            descending=sort.startswith("-"),
            position=(int(place[0]), str(place[1])) if place else None,
            limit=paging.limit,
            whole=whole,
        )
        page = queries.list_articles(
            session, wanted, now, backwards=paging.backwards, count=paging.count is not None
        )
    return paging, page


def read_taxonomy_list(
    services: Services, path: str, query_string: bytes, type_: TaxonomyType
) -> tuple[Paging, ViewPage]:
    """Return the paging parameters and a page of sources or categories."""
    paging = Paging.read(services.cursors, TAXONOMY.parse(query_string), path, 1)
    with services.database.read() as session:
        page = queries.list_taxonomy(
            session,
            type_,
            paging.limit,
            str(paging.position[0]) if paging.position else None,
            backwards=paging.backwards,
            count=paging.count is not None,
        )
    return paging, page
