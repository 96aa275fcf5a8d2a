"""Request bodies of the commands."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.content.inputs import Ref
from app.kit.input_fields import Input, Instant, Note, text_type


class PublishInput(Input):
    """How to publish; an empty object publishes now."""

    published_at: Instant | None = None
    update: Annotated[
        Literal["major", "minor"], Field(description="A minor one leaves `updated_at`.")
    ] = "major"


class ScheduleInput(Input):
    """When to publish; nothing cancels what was scheduled."""

    at: Annotated[
        Annotated[str, text_type(40, 1)] | None,
        Field(description="An instant, or a local time such as 2026-03-29T09:00 in `time_zone`."),
    ]
    time_zone: Annotated[
        Annotated[str, text_type(100, 1)] | None,
        Field(description="With a local time: an IANA name such as Africa/Casablanca."),
    ] = None


class BulkInput(Input):
    """One verb for many stories."""

    verb: Literal["publish", "schedule", "unpublish", "correct", "kill", "delete", "restore"]
    refs: Annotated[list[Ref], Field(min_length=1, max_length=100)]
    body: Annotated[
        dict[str, Any], Field(description="What the verb is told; the same for each story.")
    ] = {}
    atomic: Annotated[bool, Field(strict=True, description="All of them, or none.")] = False


class CorrectInput(Input):
    """What was wrong, and what is right: a note for readers and a merge patch (RFC 7396)."""

    note: Annotated[Note, Field(description="Public; it stays with the story.")]
    changes: Annotated[
        dict[str, Any],
        Field(description="A merge patch on the public copy; nothing where the note says it all."),
    ] = {}


class UnpublishInput(Input):
    """How to unpublish; an empty object does it quietly."""

    answer: Annotated[
        Literal["not_found", "gone", "redirect"],
        Field(description="What readers get where the story was: 404, 410 or 301."),
    ] = "not_found"
    notice: Annotated[Note | None, Field(description="With `gone`: the public reason.")] = None
    redirect_to: Annotated[Ref | None, Field(description="With `redirect`: another story.")] = None


class KillInput(Input):
    """Why nobody may read a story any more, in words for those who have read it."""

    notice: Annotated[Note, Field(description="Public: readers get it with a 410.")]


class PreviewInput(Input):
    """What a preview link shows, and until when; an empty object shows the working copy."""

    as_of: Annotated[
        Instant | None,
        Field(description="Show the story as the public side will have it at this instant."),
    ] = None
    expires_at: Annotated[
        Instant | None, Field(description="At most 90 days ahead; seven days if left out.")
    ] = None


class RestoreInput(Input):
    """Why a story comes back; needed for one that was killed."""

    reason: Note | None = None
