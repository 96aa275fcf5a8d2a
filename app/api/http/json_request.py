"""Requests whose body is a JSON object, within limits."""

from typing import Any

from fastapi import Request

from app.api.http.errors import MalformedJson, UnsupportedMediaType
from app.kit import json
from app.kit.quoting import quote_text

# No input has so many levels; what works on it may recurse.
_DEEPEST = 50
# No input has so many values; each may be an error that has to be worded.
_MOST_VALUES = 20_000
MERGE_PATCH = "application/merge-patch+json"


class JsonRequest(Request):
    """A request with the JSON object in its body; an empty one where there is no body."""

    document: dict[str, Any] = {}

    async def read(self, *, required: bool) -> None:
        """Read the body and check it, before FastAPI asks for it."""
        if not required and not await self.body():
            return
        media_type = MERGE_PATCH if self.method == "PATCH" else "application/json"
        sent = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if sent not in {media_type, "application/json"}:
            raise UnsupportedMediaType(
                f"Send the body as {media_type}, not as {quote_text(sent or 'nothing')}."
            )
        try:
            value = json.loads(await self.body())
        except json.JSONDecodeError as wrong:
            raise MalformedJson(f"The body is not JSON: {wrong}.") from wrong
        if not isinstance(value, dict):
            raise MalformedJson("The body is JSON, but not an object.")
        levels, count = json.measure(value, _DEEPEST)
        if levels > _DEEPEST:
            raise MalformedJson(f"The body nests deeper than {_DEEPEST} levels.")
        if count > _MOST_VALUES:
            raise MalformedJson(f"The body has over {_MOST_VALUES} members and items.")
        self.document = value

    async def json(self) -> Any:
        """Return the body as FastAPI validates it."""
        return self.document
