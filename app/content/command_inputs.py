"""Request bodies of the commands."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.kit.input_fields import Input, Instant, Note, Ref, text_type


class PublishInput(Input):
    """How to publish; an empty object publishes now."""

    published_at: Instant | None = Field(
        None,
        description="When the story is published: a future instant is a schedule. Now where it "
        "is left out.",
        examples=["2026-11-22T09:18:00Z"],
    )
    update: Annotated[Literal["major", "minor"], Field(title="UpdateKind")] = Field(
        "major",
        description="Whether the text changed for readers: `minor` leaves `updated_at` as it is.",
        examples=["major"],
    )


class ScheduleInput(Input):
    """When to publish; `"at": null` cancels a schedule."""

    at: Annotated[str, text_type(40, 1)] | None = Field(
        description="An instant, or a local time in `time_zone`. Null cancels the schedule.",
        examples=["2027-03-28T09:00"],
    )
    time_zone: Annotated[str, text_type(100, 1)] | None = Field(
        None,
        description="The IANA name of the time zone, where `at` is a local time.",
        examples=["Africa/Casablanca"],
    )


class BulkInput(Input):
    """One verb for many stories."""

    verb: Annotated[
        Literal["publish", "schedule", "unpublish", "correct", "kill", "delete", "restore"],
        Field(title="BulkVerb"),
    ] = Field(description="The verb.", examples=["schedule"])
    refs: Annotated[list[Ref], Field(min_length=1, max_length=100)] = Field(
        description="The ids or slugs of the stories.",
        examples=[["rooftop-bees-outlast-the-winter"]],
    )
    body: dict[str, Any] = Field(
        {},
        description="The body that the verb takes, the same for each story.",
        examples=[{"at": "2027-03-29T08:00:00Z"}],
    )
    atomic: Annotated[bool, Field(strict=True)] = Field(
        False,
        description="Whether nothing is done where one story refuses the verb.",
        examples=[False],
    )


class CorrectInput(Input):
    """What was wrong, and what is right: a note for readers and a merge patch (RFC 7396)."""

    note: Note = Field(
        description="What was wrong, for readers. It stays with the story.",
        examples=["An earlier version said that one hive was lost. None was."],
    )
    changes: dict[str, Any] = Field(
        {},
        description="A merge patch on the public copy, as `ArticlePatch` describes it. `slug`, "
        "`status` and the dates are refused.",
        examples=[{"urgency": 4}],
    )


class UnpublishInput(Input):
    """How to unpublish; an empty object does it quietly."""

    answer: Annotated[Literal["not_found", "gone", "redirect"], Field(title="UnpublishAnswer")] = (
        Field(
            "not_found",
            description="What readers get where the story was: a `404`, `410` or `301`.",
            examples=["gone"],
        )
    )
    notice: Note | None = Field(
        None, description="The reason for readers, with `gone`.", examples=["Under review."]
    )
    redirect_to: Ref | None = Field(
        None,
        description="The id or slug of another story, with `redirect`.",
        examples=["les-abeilles-des-toits"],
    )


class KillInput(Input):
    """Why nobody may read a story any more, in words for those who have read it."""

    notice: Note = Field(
        description="The reason for readers, who get it with a `410`.",
        examples=["The beekeeper never said this. We withdraw the story."],
    )


class PreviewInput(Input):
    """What a preview link shows, and until when; an empty object shows the working copy."""

    as_of: Instant | None = Field(
        None,
        description="The instant at which the public side is shown; the working copy where it is "
        "left out.",
        examples=["2027-03-28T08:00:00Z"],
    )
    expires_at: Instant | None = Field(
        None,
        description="When the link stops working: at most 90 days ahead, seven days where it is "
        "left out.",
        examples=["2026-11-29T09:50:00Z"],
    )


class RestoreInput(Input):
    """Why a story comes back; needed for one that was killed."""

    reason: Note | None = Field(
        None,
        description="Why the story comes back. It is kept in the history, and needed for a "
        "killed story.",
        examples=["The beekeeper confirmed it."],
    )
