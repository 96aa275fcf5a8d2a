"""Management: the history of an article."""

from fastapi import APIRouter, Request, Response

from app.api.answers import managed, managed_list
from app.api.articles import sees_killed
from app.api.dependencies import Parts, Writer
from app.api.describe import describe
from app.api.errors import NothingHere
from app.api.managing import view_page
from app.api.paging import Paging
from app.api.params import Parameters
from app.api.schemas import RevisionPage, RevisionWithArticle
from app.content import queries

router = APIRouter(prefix="/v1/manage/articles", tags=["management: articles"])


@router.get(
    "/{ref}/revisions",
    summary="The history of an article",
    responses={200: {"model": RevisionPage}},
    openapi_extra=describe(
        query=("limit", "cursor"), problems=("bad_parameter", "bad_cursor", "not_found")
    ),
)
def manage_list_revisions(ref: str, request: Request, services: Parts, caller: Writer) -> Response:
    """List an article's versions, newest first."""
    params = Parameters(request.scope["query_string"], ("limit", "cursor"))
    paging = Paging.read(services.cursors, params, request.url.path, 1)
    with services.database.read() as session:
        page = queries.revisions(
            session,
            ref,
            paging.limit,
            int(paging.position[0]) if paging.position else None,
            backwards=paging.backwards,
            whole=sees_killed(caller),
        )
    body, cursors = view_page(paging, page)
    return managed_list(request, services, body, cursors)


@router.get(
    "/{ref}/revisions/{version}",
    summary="One version of an article, whole",
    responses={200: {"model": RevisionWithArticle}},
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_revision(ref: str, version: str, services: Parts, caller: Writer) -> Response:
    """Return the whole snapshot that a version left."""
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise NothingHere("A version is a number.")
    with services.database.read() as session:
        view = queries.revision(session, ref, int(version), whole=sees_killed(caller))
    return managed(view)
