"""Build problem documents (RFC 9457) from a closed list of codes."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import ClientDisconnect

from app.access.limits.meter import LimitReached
from app.api.http.errors import MethodNotAllowed
from app.api.http.rate_limit_headers import build_fields
from app.api.http.validation import invalid_input
from app.kit import json
from app.kit.errors import Failure, FieldError, RateLimited
from app.kit.input_fields import InvalidFields

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("dateline")


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A type of problem: the status, the title, and advice."""

    status: int
    title: str
    advice: str


PROBLEMS: dict[str, ProblemType] = {
    "malformed_json": ProblemType(
        400, "The body is not JSON", "Send one JSON object in UTF-8, without lone surrogates."
    ),
    "bad_parameter": ProblemType(
        400,
        "A parameter is unknown or malformed",
        "`errors` names each parameter; unknown ones come with the nearest known name.",
    ),
    "bad_cursor": ProblemType(
        400,
        "The cursor does not fit",
        "Use cursors as they were given, with the same filters and order, or start again "
        "without one.",
    ),
    "sign_in_failed": ProblemType(
        400,
        "The sign-in could not be completed",
        "Begin again at `/auth/login`. The operator finds the reason in the log.",
    ),
    "malformed_request": ProblemType(
        400,
        "The request is not HTTP",
        "Send a request of HTTP/1.1; in an address, percent-encode what is not ASCII.",
    ),
    "bad_header": ProblemType(
        400, "A header is malformed", "The detail names the header and the form it has."
    ),
    "bad_host": ProblemType(
        400,
        "The host is not served here",
        "The operator lists host names in DATELINE_ALLOWED_HOSTS.",
    ),
    "bad_origin": ProblemType(
        400,
        "The origin is not allowed",
        "The operator lists origins in DATELINE_CORS_ORIGINS and DATELINE_MANAGEMENT_CORS_ORIGINS.",
    ),
    "bad_cors_method": ProblemType(
        400,
        "Scripts may not use this method here",
        "`Access-Control-Allow-Methods` of the answer lists the methods that they may use.",
    ),
    "key_required": ProblemType(
        401, "A key is needed", "Send a key as `Authorization: Bearer …` or `X-Api-Key: …`."
    ),
    "key_refused": ProblemType(
        401,
        "The key is unknown, expired or revoked",
        "Ask an administrator for another, or send none where reading is open to all.",
    ),
    "key_restricted": ProblemType(
        403,
        "The key may not be used from here",
        "The key is bound to networks or origins. Use it from there, or ask an administrator for "
        "another.",
    ),
    "forbidden": ProblemType(
        403, "The key does not allow this", "Use a key with the scope that the detail names."
    ),
    "role_required": ProblemType(
        403,
        "None of your roles may use this",
        "The provider knows you, but gives you no role that the operator lists in "
        "DATELINE_OIDC_ROLES. Ask for one, and sign in again.",
    ),
    "cross_site_request": ProblemType(
        403,
        "The request may come from another site",
        "With a session, changes need `Origin` and `X-CSRF-Token`; `GET /auth/session` returns the "
        "token. With a key, they need neither.",
    ),
    "not_found": ProblemType(
        404, "Nothing is here", "Check the path, the id or the slug. It may not be public."
    ),
    "gone": ProblemType(
        410,
        "The story is not here any more",
        "It was unpublished; the detail says why. Take it out of what you show and keep.",
    ),
    "killed": ProblemType(
        410,
        "The story was killed",
        "It was withdrawn for good; the detail is the notice. Do not use it, delete every copy.",
    ),
    "cursor_too_old": ProblemType(
        410,
        "The cursor is older than the change log",
        "Start again without a cursor, with the same filters, and delete every story that is not "
        "in the new snapshot. The operator sets how long the log is kept by DATELINE_LOG_DAYS.",
    ),
    "rights_changed": ProblemType(
        410,
        "The cursor was issued for other access rights",
        "Start again without a cursor, with the same filters. After /v1/changes, delete every "
        "story that is not in the new snapshot.",
    ),
    "method_not_allowed": ProblemType(
        405, "The method does not apply here", "`Allow` lists the methods that do."
    ),
    "conflict": ProblemType(
        409, "Somebody else was faster", "Read what is there now and repeat the change."
    ),
    "slug_taken": ProblemType(
        409, "The slug is taken", "Choose another, or leave it out and one is made."
    ),
    "external_id_taken": ProblemType(
        409,
        "The external id is taken",
        "Another story of the same source has it; change that story instead.",
    ),
    "in_use": ProblemType(409, "It is in use", "The detail says by how many; change those first."),
    "wrong_state": ProblemType(
        409,
        "The verb does not apply in this state",
        "The detail says in which state the story, the webhook or the key is.",
    ),
    "bulk_refused": ProblemType(
        409,
        "Not all stories take the verb",
        "`errors` names those that do not, and why. Nothing was done to any of them.",
    ),
    "bad_hub_request": ProblemType(
        400,
        "The hub cannot take this",
        "Send a form with `hub.mode`, `hub.topic` (the address of a feed of this server) and "
        "`hub.callback`, as WebSub says.",
    ),
    "hub_full": ProblemType(
        503,
        "The hub takes no more subscriptions",
        "Try again later; the operator sets the number by DATELINE_HUB_SUBSCRIPTIONS.",
    ),
    "idempotency_running": ProblemType(
        409,
        "The same request is still running",
        "Wait a moment and send it again with the same Idempotency-Key.",
    ),
    "version_mismatch": ProblemType(
        412,
        "It was changed since you read it",
        "Read it again, and repeat your change with its ETag in If-Match.",
    ),
    "body_too_large": ProblemType(
        413,
        "The body is too large",
        "The detail names the limit; the operator sets it by DATELINE_MAX_BODY_BYTES.",
    ),
    "unsupported_media_type": ProblemType(
        415, "The content type does not fit", "Send the type that the detail names."
    ),
    "unsupported_coding": ProblemType(
        415,
        "The content coding does not fit",
        "Send the body as it is, without `Content-Encoding`; `Accept-Encoding` of the answer "
        "lists the codings that are decoded: `identity` alone, which is none.",
    ),
    "invalid_input": ProblemType(
        422, "Some fields are not acceptable", "`errors` names each field and what is wrong."
    ),
    "idempotency_mismatch": ProblemType(
        422,
        "The Idempotency-Key was used for another payload",
        "Use a new Idempotency-Key for a new request.",
    ),
    "version_required": ProblemType(
        428,
        "If-Match is needed",
        "Send the ETag of what you read in If-Match, so that no change of others is lost.",
    ),
    "rate_limited": ProblemType(
        429,
        "Too many requests",
        "Try again after the seconds in Retry-After; the detail names the limit. The operator may "
        "turn limits off by DATELINE_RATE_LIMIT.",
    ),
    "quota_exceeded": ProblemType(
        429,
        "The quota of stories is reached",
        "Try again after the seconds in Retry-After: then the next day or month begins. Stories "
        "that you have received in the same version can be read before. GET /v1/me has what is "
        "left of the quotas.",
    ),
    "head_too_large": ProblemType(
        431,
        "The request's head is too large",
        "The detail says how many bytes the address and the headers may have.",
    ),
    "request_timeout": ProblemType(
        408,
        "The request did not come in time",
        "Send it again, and faster. Bodies come at 1 kB/s at the least.",
    ),
    "query_too_long": ProblemType(414, "The query is too long", "Ask for less at once."),
    "not_implemented": ProblemType(
        501,
        "The server does not know how to do that",
        "Send the body as it is, or in chunks, and name the path of this API.",
    ),
    "too_many_connections": ProblemType(
        503,
        "There are too many connections",
        "Close some, or use one for several requests. The operator sets the numbers by "
        "DATELINE_MAX_CONNECTIONS and DATELINE_MAX_CONNECTIONS_PER_ADDRESS.",
    ),
    "internal": ProblemType(
        500,
        "Something went wrong here",
        "It was logged under the request id. Try again, and report it if it stays.",
    ),
    "too_many_listeners": ProblemType(
        503,
        "The stream is full",
        "Try again after the seconds in Retry-After; the operator sets the number by "
        "DATELINE_STREAM_LISTENERS.",
    ),
    "sign_in_unavailable": ProblemType(
        503,
        "The provider of sign-in does not answer",
        "Try again shortly. The operator finds out more by `dateline check`.",
    ),
    "database_busy": ProblemType(
        503, "The database is busy", "Try again after the seconds in Retry-After."
    ),
    "read_too_long": ProblemType(
        503,
        "The answer takes too long",
        "Ask for less: fewer filters, or no count. The operator sets the time by "
        "DATELINE_READ_SECONDS.",
    ),
    "database_read_only": ProblemType(
        503,
        "The database is read-only",
        "Reading works. The operator has to make the database writable.",
    ),
    "database_unavailable": ProblemType(
        503, "The database does not answer", "Try again later; /readyz says when it is back."
    ),
    "index_unusable": ProblemType(
        503,
        "The search index cannot be used",
        "Try again shortly: it is built anew. The operator finds the reason in the log.",
    ),
    "database_behind": ProblemType(
        503, "The database has another schema", "The operator has to run `dateline migrate`."
    ),
}

FIELD_CODES: dict[str, str] = {
    "required": "The field is needed and was not sent.",
    "unknown_field": "No field has this name.",
    "unknown_parameter": "No parameter has this name.",
    "read_only": "The server sets this field; it may be sent back only as it was read.",
    "wrong_type": "The value has another JSON type than the field.",
    "too_long": "The text or list is longer than allowed.",
    "too_short": "The text or list is shorter than allowed.",
    "out_of_range": "The number is outside its range.",
    "not_allowed": "The field does not allow this value.",
    "bad_characters": "The text contains characters that cannot be stored, such as U+0000.",
    "bad_format": "The text does not match the format of the field.",
    "bad_instant": "The value is not an RFC 3339 instant between the years 1 and 9999.",
    "bad_time_zone": "The value is not the IANA name of a time zone.",
    "no_such_time": "Clocks are put forward over this local time; it does not exist.",
    "ambiguous_time": "Clocks are put back over this local time; it comes twice.",
    "bad_language": "The value is not a BCP 47 language tag.",
    "bad_slug": "The value is not letters, digits and single hyphens.",
    "bad_address": "The value is not an absolute http or https address.",
    "address_refused": "Nothing may be sent to this address, which is not public.",
    "unknown_reference": "Nothing has the id or slug that the field names.",
    "too_deep": "The value, or the tree with it, nests deeper than allowed.",
    "too_complex": "The text has more markup, lines or marks than any that people read.",
    "cycle": "The thing would stand under, be a translation of, or lead to, itself.",
    "language_taken": "The story is there in this language already.",
    "slug_taken": "The slug belongs to something else.",
    "external_id_taken": "The external id belongs to another story of the source.",
    "in_the_past": "The instant has passed.",
    "never_public": "The story would expire before it comes out.",
    "refused": "The verb was refused for this story.",
    "repeated": "The parameter may stand only once.",
    "invalid": "The value is not acceptable; the detail says why.",
}


class ProblemResponse(NamedTuple):
    """A problem document, ready to send."""

    status: int
    headers: dict[str, str]
    body: bytes


def problem_for(wrong: Exception, request_id: str | None) -> ProblemResponse:
    """Return the problem document for an exception; log it if it is an internal error."""
    if isinstance(wrong, InvalidFields):
        wrong = invalid_input(wrong.found, wrong.model.model_fields)
    if isinstance(wrong, ClientDisconnect):
        # The client has left, but the request is counted.
        return problem("malformed_request", "The request ended in the middle.", request_id)
    if not isinstance(wrong, Failure) or wrong.code not in PROBLEMS:
        _log.error("request failed", exc_info=wrong, extra={"request_id": request_id})
        return problem("internal", "The request could not be answered.", request_id)
    response = problem(wrong.code, wrong.detail, request_id, wrong.errors)
    if isinstance(wrong, RateLimited):
        response.headers["retry-after"] = str(wrong.seconds)
    if isinstance(wrong, LimitReached):
        for name, value in build_fields(wrong.meters):
            response.headers[name.decode()] = value.decode()
    if isinstance(wrong, MethodNotAllowed):
        response.headers["allow"] = ", ".join(wrong.allowed)
    return response


def problem(
    code: str, detail: str, request_id: str | None, errors: Iterable[FieldError] = ()
) -> ProblemResponse:
    """Return the problem document for a code; for an exception use `problem_for`."""
    kind = PROBLEMS[code]
    document: dict[str, object] = {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    listed = [
        {"pointer": error.pointer, "code": error.code, "detail": error.detail} for error in errors
    ]
    if listed:
        document["errors"] = listed
    return ProblemResponse(kind.status, dict(_headers(kind.status, code)), json.dumps(document))


def _headers(status: int, code: str) -> Mapping[str, str]:
    headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store"}
    if status == 401:
        refused = ', error="invalid_token"' if code == "key_refused" else ""
        headers["www-authenticate"] = f'Bearer realm="dateline"{refused}'
    if code == "unsupported_coding":
        # The codings that a request may use: RFC 9110, sections 12.5.3 and 15.5.16.
        headers["accept-encoding"] = "identity"
    if status == 503:
        headers["retry-after"] = "5"
    # The cursor is still valid for callers with other rights.
    if status in {404, 410} and code != "rights_changed":
        headers["cache-control"] = "max-age=0, s-maxage=5"
    return headers
