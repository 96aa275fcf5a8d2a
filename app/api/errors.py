"""What HTTP refuses by itself."""

from app.kit.errors import Failure


class MalformedJson(Failure):
    """The body is not JSON."""

    code = "malformed_json"


class BadHeader(Failure):
    """A header has not the form it should have."""

    code = "bad_header"


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


class Gone(Failure):
    """A story was here, and was unpublished with a word to its readers."""

    code = "gone"


class Killed(Failure):
    """A story was here, and was withdrawn for good."""

    code = "killed"


class NothingHere(Failure):
    """Nothing visible to this reader is at this path."""

    code = "not_found"


class TooManyListeners(Failure):
    """The stream has as many listeners as it may have."""

    code = "too_many_listeners"
