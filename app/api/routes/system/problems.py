"""What each problem means, for the person who met it."""

from html import escape

from fastapi import Response

from app.api.http.access import ReadPolicy
from app.api.http.errors import PathNotFound
from app.api.http.problems import FIELD_CODES, PROBLEMS
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter

router = PublicRouter(tags=["Operations"])
_FOR_A_WHILE = {"cache-control": "public, max-age=300"}
_TEXT = {"schema": {"type": "string"}}


@router.get(
    "/problems/{code}",
    access=ReadPolicy.OPEN,
    summary="Read about a problem",
    responses={200: {"content": {"text/html": _TEXT}}},
    openapi_extra=describe(problems=("not_found",)),
)
async def read_problem(code: str) -> Response:
    """Return a page that explains a problem and its remedy."""
    kind = PROBLEMS.get(code)
    if kind is None:
        raise PathNotFound("No problem has this code.")
    fields = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{escape(text)}</dd>"
        for name, text in FIELD_CODES.items()
    )
    listed = f"<h2>Codes in <code>errors</code></h2><dl>{fields}</dl>" if kind.status < 500 else ""
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(kind.title)}</title>'
        f"<h1>{escape(kind.title)}</h1><p>Status {kind.status}, code <code>{escape(code)}</code>."
        f"</p><p>{escape(kind.advice)}</p>{listed}</html>"
    )
    return Response(page, headers=_FOR_A_WHILE, media_type="text/html; charset=utf-8")
