"""Errors of the newsroom."""

from app.kit.errors import Failure, FieldError, InvalidInput
from app.kit.quoting import quote_text


class NotFound(Failure):
    """The article, source or category does not exist."""

    code = "not_found"


class Moved(NotFound):
    """The slug is a former public slug; the article, source or category has another one now."""

    def __init__(self, detail: str, slug: str) -> None:
        """Keep the current slug."""
        super().__init__(detail)
        self.slug = slug


class VersionMismatch(Failure):
    """The article, source or category was changed since the client read it."""

    code = "version_mismatch"


class SlugTaken(Failure):
    """The requested slug belongs to another article, source or category."""

    code = "slug_taken"


class ExternalIdTaken(Failure):
    """Another story of the source has this external id."""

    code = "external_id_taken"


class InUse(Failure):
    """A source or category cannot be deleted while stories use it."""

    code = "in_use"


class BulkRefused(Failure):
    """An atomic bulk command was refused for some of its stories, so none was changed."""

    code = "bulk_refused"


class WrongArticleState(Failure):
    """The command does not apply to a story in this state."""

    code = "wrong_state"


def build_unknown_reference(pointer: str, type_: str, ref: str) -> InvalidInput:
    """Build the error for a field that refers to something that does not exist."""
    detail = f"There is no {type_} with the id or slug {quote_text(ref)}. Create it first."
    return InvalidInput(
        "Something named here does not exist.",
        errors=[FieldError(pointer, "unknown_reference", detail)],
    )
