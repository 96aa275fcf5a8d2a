"""Dependencies of routes: services, the caller, expected versions, documents.

All are coroutines, because FastAPI runs plain functions in a worker thread.
"""

import re
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core.core_schema import CoreSchema, json_or_python_schema

from app.access.caller import Caller
from app.api.http.answer import ENTITY_TAG, STRONG_TAG
from app.api.http.errors import BadHeader, VersionRequired
from app.bootstrap import Services

_VERSION = re.compile(r'"v(\d{1,9})"')


async def services_of(request: Request) -> Services:
    """Return the services of the application."""
    services: Services = request.app.state.services
    return services


async def caller_of(request: Request) -> Caller:
    """Return the caller that the authentication middleware found."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


async def parse_optional_if_match(
    if_match: Annotated[str | None, Header()] = None,
) -> frozenset[int] | None:
    """Return the versions in `If-Match`, or None if it is absent or `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    if not ENTITY_TAG.search(if_match):
        raise BadHeader('If-Match has the form "v3", as ETag gave it, or *.')
    found = map(_VERSION.fullmatch, STRONG_TAG.findall(if_match))
    # A weak tag, or one of another form, is well formed and matches no version (section 13.1.1).
    return frozenset(int(match.group(1)) for match in found if match)


async def parse_if_match(
    if_match: Annotated[str | None, Header()] = None,
) -> frozenset[int] | None:
    """Return the versions in `If-Match`, or None for `*`; raise `VersionRequired` without it."""
    if if_match is None:
        raise VersionRequired("Send the ETag of what you read in If-Match; * accepts any version.")
    return await parse_optional_if_match(if_match)


class DocumentedAs:
    """Documents a request body by a model in OpenAPI, without validating it.

    A merge patch must be merged first, and a replacement may repeat read-only fields unchanged.
    Both need the stored object, so commands validate them inside the transaction.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        """Document a body by a model."""
        self._model = model

    def __get_pydantic_core_schema__(
        self, source: type[object], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return a schema that documents the model, and accepts any document."""
        return json_or_python_schema(handler.generate_schema(self._model), handler(source))


Document = dict[str, Any]
Parts = Annotated[Services, Depends(services_of)]
CallerDep = Annotated[Caller, Depends(caller_of)]
Expected = Annotated[frozenset[int] | None, Depends(parse_if_match)]
MaybeExpected = Annotated[frozenset[int] | None, Depends(parse_optional_if_match)]
