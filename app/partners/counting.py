"""Which stories count: once a day for a partner, unless it has received the version before."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

# Ids of a story and of a partner.
Recipient = tuple[str, str]


class WholeStory(NamedTuple):
    """A story that was sent to a partner with its body; `key_id` is empty for a webhook."""

    article_id: str
    partner_id: str
    version: int
    at: datetime
    key_id: str
    route: str

    @property
    def recipient(self) -> Recipient:
        """Return the story and the partner."""
        return self.article_id, self.partner_id

    @property
    def day(self) -> str:
        """Return the day on which it was sent, in UTC."""
        return format_day(self.at)


class CountedStory(NamedTuple):
    """What is stored about a story that a partner received: see `ReceiptTable`."""

    article_id: str
    partner_id: str
    full_version: int | None = None
    first_counted_on: str | None = None
    last_counted_on: str | None = None


def format_day(moment: datetime) -> str:
    """Return the date of an instant in UTC, as it is stored."""
    return moment.date().isoformat()


def count_stories(
    known: dict[Recipient, CountedStory], sent: Iterable[WholeStory]
) -> list[WholeStory]:
    """Return the stories that count, of stories in the order in which they were sent.

    `known` has what was received before. The stories are added to it.
    """
    counted = []
    for story in sent:
        row = known.get(story.recipient) or CountedStory(*story.recipient)
        if row.full_version is not None and story.version <= row.full_version:
            continue
        row = row._replace(full_version=story.version)
        if row.last_counted_on is None or row.last_counted_on < story.day:
            counted.append(story)
            first = row.first_counted_on or story.day
            row = row._replace(first_counted_on=first, last_counted_on=story.day)
        known[story.recipient] = row
    return counted
