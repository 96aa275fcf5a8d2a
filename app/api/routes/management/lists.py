"""Lists of the management side: parameters understood, views made bytes."""

from app.access.selection import Selection
from app.api.http.paging import Paging, envelope
from app.api.http.parameters import FILTERS, SPANS, Parameters
from app.bootstrap import Services
from app.content import queries
from app.content.article import STATES
from app.content.queries import TaxonomyType, ViewPage
from app.content.references import References
from app.content.store import all_slugs
from app.content.store.lists import ArticleList, ManageSort
from app.kit import json
from app.kit.session import ReadSession

MANAGE_PARAMETERS = (
    *FILTERS,
    *SPANS,
    "state",
    "external_id",
    "sort",
    "limit",
    "cursor",
    "count",
)
# By what each order sorts.
MANAGE_SORTS: dict[str, ManageSort] = {
    "-modified_at": "modified_at",
    "modified_at": "modified_at",
    "-published_at": "published_at",
    "published_at": "published_at",
    "-updated_at": "updated_at",
    "updated_at": "updated_at",
}
TAXONOMY_PARAMETERS = ("limit", "cursor", "count")


def read_manage_list(
    services: Services, path: str, query_string: bytes, *, whole: bool
) -> tuple[bytes, dict[str, str | None]]:
    """Return the JSON of a page of articles, and its cursors."""
    params = Parameters(query_string, MANAGE_PARAMETERS)
    sort = params.choice("sort", MANAGE_SORTS, "-modified_at")
    states = params.words("state", STATES)
    external_id = params.text("external_id")
    now = services.clock.now()
    with services.database.read() as session:
        selection = _selection(session, params)
        query = f"{path}?{selection!r}&{sort}&{states}&{external_id}"
        paging = Paging.read(services.cursors, params, query, 2)
        place = paging.position
        wanted = ArticleList(
            selection=selection,
            states=states,
            external_id=external_id,
            key=MANAGE_SORTS[sort],
            descending=sort.startswith("-"),
            position=(int(place[0]), str(place[1])) if place else None,
            limit=paging.limit,
            whole=whole,
        )
        page = queries.articles(
            session, wanted, now, backwards=paging.backwards, count=paging.count is not None
        )
    return view_page(paging, page)


def read_taxonomy_list(
    services: Services, path: str, query_string: bytes, type_: TaxonomyType
) -> tuple[bytes, dict[str, str | None]]:
    """Return the JSON of a page of sources or categories, and its cursors."""
    params = Parameters(query_string, TAXONOMY_PARAMETERS)
    paging = Paging.read(services.cursors, params, path, 1)
    with services.database.read() as session:
        page = queries.taxonomy(
            session,
            type_,
            paging.limit,
            str(paging.position[0]) if paging.position else None,
            backwards=paging.backwards,
            count=paging.count is not None,
        )
    return view_page(paging, page)


def view_page(paging: Paging, page: ViewPage) -> tuple[bytes, dict[str, str | None]]:
    """Return the JSON of a page of views, and its cursors."""
    items = [json.dumps(item) for item in page.items]
    return envelope(paging, items, page.before, page.after, page.count)


def _selection(session: ReadSession, params: Parameters) -> Selection:
    references = References(session)
    return params.selection(references.find, lambda type_: all_slugs(session, type_))
