"""What HTTP refuses by itself."""

from collections.abc import Sequence

from app.api.http.answer import Facts
from app.kit.errors import Failure


class MalformedJson(Failure):
    """The body is not JSON."""

    code = "malformed_json"


class BadHeader(Failure):
    """A header has not the form it should have."""

    code = "bad_header"


class BadHost(Failure):
    """The request names no host, or one that is not served here."""

    code = "bad_host"


class BadOrigin(Failure):
    """A preflight comes from an origin that is not allowed."""

    code = "bad_origin"


class BadCorsMethod(Failure):
    """A preflight of an allowed origin asks for a method that scripts may not use."""

    code = "bad_cors_method"


class MethodNotAllowed(Failure):
    """The method does not apply to the path; `allowed` are those that do."""

    code = "method_not_allowed"

    def __init__(self, detail: str, allowed: Sequence[str]) -> None:
        """Keep the sentence, and the methods that apply."""
        super().__init__(detail)
        self.allowed = tuple(allowed)


class QueryTooLong(Failure):
    """The query has no room in the head of a redirect to a path."""

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
    """A change came without If-Match."""

    code = "version_required"


class Absence(Failure):
    """Nothing is to be seen at a path: a 404 or 410.

    `facts` are those of the answer, where it may be stored like one that was found.
    """

    def __init__(self, detail: str, facts: Facts | None = None) -> None:
        """Keep the sentence for the reader, and what it depends on."""
        super().__init__(detail)
        self.facts = facts


class Gone(Absence):
    """A story was here, and was unpublished with a word to its readers."""

    code = "gone"


class Killed(Absence):
    """A story was here, and was withdrawn for good."""

    code = "killed"


class NothingHere(Absence):
    """Nothing visible to this reader is at this path."""

    code = "not_found"


class TooManyListeners(Failure):
    """The stream has as many listeners as it may have."""

    code = "too_many_listeners"
