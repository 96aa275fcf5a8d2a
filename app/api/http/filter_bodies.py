"""Filters in request bodies, parsed as those of lists are."""

import re
from urllib.parse import urlencode

from app.access.filter_input import PublicFilterInput
from app.access.selection import Selection
from app.api.http.filters import MANAGED_FILTERS, References, read_selection
from app.api.http.parameters import ParameterSet
from app.kit.errors import BadParameter, FieldError, InvalidInput

_FILTER = ParameterSet(*MANAGED_FILTERS)
# A comma that is not escaped, or a backslash at the end.
_UNPROTECTED = re.compile(r"(\\.)|,|\\$", re.DOTALL)


def read_filter_input(written: PublicFilterInput, references: References) -> Selection:
    """Convert a filter to a selection, with the parsers of list parameters."""
    pairs = [
        (name, ",".join(_escape(value) for value in values))
        for name, values in written.model_dump(exclude_none=True).items()
    ]
    try:
        values = _FILTER.parse(urlencode(pairs).encode())
        return read_selection(values, references)
    except BadParameter as wrong:
        errors = [
            FieldError(f"#/filter/{error.pointer.removeprefix('?')}", error.code, error.detail)
            for error in wrong.errors
        ]
        raise InvalidInput(wrong.detail, errors=errors) from wrong


def _escape(value: str) -> str:
    """Protect what would end a value of a comma list, or join it with the next one."""
    return _UNPROTECTED.sub(lambda found: found[1] or f"\\{found[0]}", value)
