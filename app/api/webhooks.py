"""From what is written about a webhook to the selection of stories that it means."""

from typing import Any
from urllib.parse import urlencode

from app.access.selection import Selection
from app.api.params import FILTERS, Parameters
from app.bootstrap import Services
from app.kit import json
from app.kit.errors import BadParameter, FieldError, InvalidInput
from app.syndication.push.inputs import FilterInput


def selection_of(services: Services, written: FilterInput) -> Selection:
    """Return what a filter selects, read as the parameters of lists are; or say what is wrong."""
    pairs = [
        (name, ",".join(_escaped(one) for one in values))
        for name, values in written.model_dump(exclude_none=True).items()
    ]
    try:
        params = Parameters(urlencode(pairs).encode(), FILTERS)
        return params.selection(services.delivery.resolve, services.delivery.slugs)
    except BadParameter as wrong:
        errors = [
            FieldError(f"#/filter/{one.pointer.removeprefix('?')}", one.code, one.detail)
            for one in wrong.errors
        ]
        raise InvalidInput(wrong.detail, errors=errors) from wrong


def without_secret(body: bytes) -> bytes:
    """Return an answer as it is kept: a secret is shown once."""
    view: dict[str, Any] = json.loads(body)
    return json.dumps({**view, "secret": None})


def _escaped(value: str) -> str:
    return value.replace(",", "\\,")
