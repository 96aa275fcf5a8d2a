"""Failures of HTTP requests themselves."""

from collections.abc import Sequence

from app.api.http.answer import AnswerMetadata
from app.kit.errors import Failure


class MalformedJson(Failure):
    """The body is not JSON."""

    code = "malformed_json"


class BadHeader(Failure):
    """A header has a wrong format."""

    code = "bad_header"


class BadHost(Failure):
    """The request names no host, or one that is not served here."""

    code = "bad_host"


class BadOrigin(Failure):
    """A preflight comes from an origin that is not allowed."""

    code = "bad_origin"


class CrossSiteRequest(Failure):
    """A change with a session does not show that it comes from this site."""

    code = "cross_site_request"


class BadCorsMethod(Failure):
    """A preflight from an allowed origin asks for a method that is not allowed."""

    code = "bad_cors_method"


class MethodNotAllowed(Failure):
    """The method does not apply to the path; `allowed` are those that do."""

    code = "method_not_allowed"

    def __init__(self, detail: str, allowed: Sequence[str]) -> None:
        """Set the text, and the methods that apply."""
        super().__init__(detail)
        self.allowed = tuple(allowed)


class QueryTooLong(Failure):
    """The query is too long for the head of a redirect."""

    code = "query_too_long"

    def __init__(self, path: str) -> None:
        """Name the path."""
        super().__init__(f"Ask at {path} instead: the query is too long for a redirect.")


class BodyTooLarge(Failure):
    """The body is larger than allowed."""

    code = "body_too_large"


class UnsupportedMediaType(Failure):
    """The body has a content type that the path does not take."""

    code = "unsupported_media_type"


class UnsupportedCoding(Failure):
    """The body has a content coding, such as gzip; none is decoded."""

    code = "unsupported_coding"


class VersionRequired(Failure):
    """A change was sent without If-Match."""

    code = "version_required"


class NotFoundOrGone(Failure):
    """The answer is 404 or 410.

    `metadata` is present if the answer may be cached.
    """

    def __init__(self, detail: str, metadata: AnswerMetadata | None = None) -> None:
        """Set the text for the reader, and what the answer depends on."""
        super().__init__(detail)
        self.metadata = metadata


class Gone(NotFoundOrGone):
    """The story was unpublished with a notice (410)."""

    code = "gone"


class Killed(NotFoundOrGone):
    """The story was killed (410)."""

    code = "killed"


class PathNotFound(NotFoundOrGone):
    """Nothing that this caller may see is at the path (404)."""

    code = "not_found"


class TooManyListeners(Failure):
    """The stream has the maximum number of listeners."""

    code = "too_many_listeners"
