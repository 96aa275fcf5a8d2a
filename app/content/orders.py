"""What a verb may be told, field by field."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.kit.fields import Input, Instant, text_of

# What is said to readers, or kept as the reason of a change.
Note = Annotated[str, text_of(2_000, 1)]


class PublishInput(Input):
    """How to publish; an empty object publishes now."""

    published_at: Instant | None = None
    update: Annotated[
        Literal["major", "minor"], Field(description="A minor one leaves `updated_at`.")
    ] = "major"


class CorrectInput(Input):
    """What was wrong, and what is right: a note for readers and a merge patch (RFC 7396)."""

    note: Annotated[Note, Field(description="Public; it stays with the story.")]
    changes: Annotated[
        dict[str, Any],
        Field(description="A merge patch on the public copy; nothing where the note says it all."),
    ] = {}


class UnpublishInput(Input):
    """How to unpublish; an empty object does it quietly."""

    answer: Literal["not_found"] = "not_found"
