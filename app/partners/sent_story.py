"""A story in an answer, as receipts note it."""

from typing import Literal, NamedTuple

SentForm = Literal["full", "headline", "removed"]
FULL: SentForm = "full"
HEADLINE: SentForm = "headline"
REMOVED: SentForm = "removed"


class SentStory(NamedTuple):
    """A story in an answer: its version, and whether it has its body, or is removed."""

    id: str
    version: int
    form: SentForm
