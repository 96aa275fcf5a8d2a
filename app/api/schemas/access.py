"""Keys, who has one, and what was done with it."""

from typing import Any

from app.api.schemas.base import Answer, Id, Instant
from app.api.schemas.reading import PageInfo


class Me(Answer):
    """What the sender of a key may do."""

    name: str
    prefix: str | None
    scopes: list[str]
    embargoed: bool
    anonymous: bool


class By(Answer):
    """Who made a change: the id of a key (nothing for a command line) and its name."""

    key: Id | None
    name: str


class AuditEntry(Answer):
    """One thing that was done; of two states of a thing, what differs.

    The body of an article stands in its revisions, under the versions that are named here.
    """

    id: Id
    at: Instant
    by: By
    address: str | None
    request_id: str | None
    verb: str
    type: str
    subject: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditPage(Answer):
    """A page of what was done."""

    data: list[AuditEntry]
    page: PageInfo


class KeyView(Answer):
    """A key, without the key."""

    id: Id
    name: str
    prefix: str
    scopes: list[str]
    embargoed: bool
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None


class NewKey(KeyView):
    """A new key; `key` is shown this once, and is null when the answer is repeated."""

    key: str | None


class KeyPage(Answer):
    """A page of keys."""

    data: list[KeyView]
    page: PageInfo
