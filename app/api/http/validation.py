"""Convert the errors of pydantic to field errors with codes of the closed list."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from app.api.http.parameters import build_suggestion
from app.kit.errors import FieldError, InvalidInput
from app.kit.quoting import shorten

# A body may have hundreds of thousands of unknown fields; nobody reads so many errors.
_MOST_ERRORS = 100
_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "literal_error": "not_allowed",
    "string_unicode": "bad_characters",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "instant": "bad_instant",
    "language": "bad_language",
    "slug": "bad_slug",
    "address": "bad_address",
    "email": "bad_format",
}


def invalid_input(found: Sequence[ErrorDetails], known: Collection[str]) -> InvalidInput:
    """Build a failure that lists invalid fields, at most 100.

    `known` names are suggested for unknown fields.
    """
    errors = [field_error(error, known) for error in found[:_MOST_ERRORS]]
    what = "A field is" if len(found) == 1 else f"{len(found)} fields are"
    names = ", ".join(dict.fromkeys(error.pointer for error in errors[:5]))
    return InvalidInput(f"{what} not acceptable: {names}.", errors=errors)


def field_error(found: ErrorDetails, known: Collection[str]) -> FieldError:
    """Convert one error of pydantic."""
    location = found["loc"]
    pointer = "#" + "".join(f"/{_escape(part)}" for part in location)
    code = _code(found)
    detail = _detail(found, code)
    if code == "unknown_field" and len(location) == 1:
        detail += build_suggestion(str(location[0]), known) or _list_known(known)
    return FieldError(pointer, code, detail)


def _code(found: Mapping[str, Any]) -> str:
    kind = found["type"]
    if kind in _CODES:
        return _CODES[kind]
    if kind == "string_pattern_mismatch":
        return "bad_characters" if r"\x00" in found["ctx"]["pattern"] else "bad_format"
    if kind.endswith(("_type", "_parsing", "_from_float")):
        return "wrong_type"
    return "invalid"


def _detail(found: Mapping[str, Any], code: str) -> str:
    if code == "bad_characters":
        return "The text holds a character that cannot be kept (U+0000 or a lone surrogate)."
    if code == "unknown_field":
        return "No field has this name."
    if found["type"] == "model_type":
        return "Input should be an object."
    message: str = found["msg"]
    # Texts are cleaned before their length is checked, so pydantic does not call them texts.
    limits = found.get("ctx", {})
    if limits.get("field_type") == "Value":
        least, most = limits.get("min_length"), limits.get("max_length")
        bound = f"least {least}" if least is not None else f"most {most}"
        message = f"Text should have at {bound} character{'' if 1 in {least, most} else 's'}"
    return message if message.endswith((".", "?")) else f"{message}."


def _list_known(known: Collection[str]) -> str:
    return f" Known: {', '.join(sorted(known))}." if known else ""


def _escape(part: int | str) -> str:
    """Escape one token of a JSON pointer (RFC 6901, section 3), shortened if it is long."""
    return shorten(str(part)).replace("~", "~0").replace("/", "~1")
