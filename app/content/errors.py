"""What the newsroom refuses."""

from app.kit.errors import Failure, FieldError, InvalidInput
from app.kit.quoting import quote_text


class NotFound(Failure):
    """No such article, source or category."""

    code = "not_found"


class Moved(NotFound):
    """The slug was public once; the thing has another one now."""

    def __init__(self, detail: str, slug: str) -> None:
        """Keep the slug that it has now."""
        super().__init__(detail)
        self.slug = slug


class VersionMismatch(Failure):
    """The thing was changed since the caller read it."""

    code = "version_mismatch"


class SlugTaken(Failure):
    """A slug that was asked for belongs to something else."""

    code = "slug_taken"


class ExternalIdTaken(Failure):
    """Another story of the source has this external id."""

    code = "external_id_taken"


class InUse(Failure):
    """A source or category cannot be deleted while stories name it."""

    code = "in_use"


class BulkRefused(Failure):
    """A verb for many stories was to be done to all or none, and some refused it."""

    code = "bulk_refused"


class WrongState(Failure):
    """The verb does not apply to a story in this state."""

    code = "wrong_state"


def unknown_reference(pointer: str, type_: str, ref: str) -> InvalidInput:
    """Blame a field that names something that does not exist."""
    detail = f"There is no {type_} with the id or slug {quote_text(ref)}. Create it first."
    return InvalidInput(
        "Something named here does not exist.",
        errors=[FieldError(pointer, "unknown_reference", detail)],
    )
