"""Events of partners: about what their agreements grant, in the form that they grant.

A delivery is created when a row of the log is followed, and is due when a grant includes the story.
It is checked again when it is sent, since story and agreement may have changed: an event about a
story shows its present state, or is dropped.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.access.caller import Caller
from app.access.entitlement import Entitlement, TimedEntitlement
from app.access.granted_history import could_have
from app.access.selection import Clause, Selection, SelectionFields, selection_from_json
from app.delivery import store
from app.delivery.queries import DeliveryQueries
from app.delivery.store import Change, story_queries
from app.delivery.story_query import StoryQuery
from app.delivery.taxonomy_directory import story_pieces
from app.kit import json
from app.kit.clock import parse_instant
from app.partners.errors import QuotaExceeded
from app.partners.sent_story import REMOVED, SentForm, SentStory
from app.partners.usage import Usage
from app.syndication.push.events import PUBLISHED, REMOVALS, find_event
from app.syndication.push.store.deliveries import DeliveryRow
from app.syndication.push.store.receivers import WebhookRow

# Returns the entitlements of partners at an instant, by id.
ResolvePartners = Callable[[Collection[str], datetime], Mapping[str, TimedEntitlement]]
_ABOUT_STORIES = "article."
# The members of a story under embargo.
_EMBARGO = ("embargoed", "embargo_until")
# In usage and receipts.
_ROUTE, _FEED_ROUTE = "webhook", "websub"
# A quota may be raised before it starts again.
_LONGEST_PAUSE = timedelta(minutes=5)


class NotDueYet(Exception):
    """A delivery may be sent only later."""

    def __init__(self, until: datetime) -> None:
        """Say when."""
        self.until = until


class PartnerEvents:
    """Decides which events partners get, renders them, and notes what partners received."""

    def __init__(self, delivery: DeliveryQueries, resolve: ResolvePartners, usage: Usage) -> None:
        """Read stories, the agreements of partners, and their quotas."""
        self._delivery = delivery
        self._resolve = resolve
        self._usage = usage

    def load_entitlements(
        self, webhooks: Collection[WebhookRow], now: datetime
    ) -> dict[str, Entitlement]:
        """Return the entitlements of the partners of webhooks, by the id of the partner."""
        ids = sorted({row.partner_id for row in webhooks if row.partner_id is not None})
        found = self._resolve(ids, now) if ids else {}
        return {id_: found[id_].entitlement for id_ in ids}

    def render(self, row: DeliveryRow, webhook: WebhookRow, now: datetime) -> bytes | None:
        """Return the body of an event as the partner may have it now; None means to drop it.

        Raises `NotDueYet` if a grant includes the story later, or a quota is reached.
        """
        partner_id = webhook.partner_id or ""
        agreement = self._resolve([partner_id], now)[partner_id]
        granted = agreement.entitlement
        if row.body is None or not granted.grants:
            return None
        if not row.event.startswith(_ABOUT_STORIES):
            return row.body
        story, document = self._load_story(row.subject, webhook, granted)
        if row.event in REMOVALS:
            return row.body if document is None else None
        if document is not None and story is not None:
            body = _show_story(row.body, webhook, story, document)
            partner = Caller(partner_id=partner_id, limits=agreement.limits)
            self._require_quota(partner, (_find_sent(row, body),), now)
            return body
        due_at = None if story is None else find_due(granted, story.values, now)
        if due_at is not None and due_at > now:
            raise NotDueYet(due_at)
        return None

    def note_delivery(self, row: DeliveryRow, partner_id: str, body: bytes) -> None:
        """Note that a partner received an event, and its story or removal."""
        is_about_story = row.event.startswith(_ABOUT_STORIES)
        stories = [_find_sent(row, body)] if is_about_story else ()
        self._usage.add(Caller(partner_id=partner_id), _ROUTE, len(body), stories)

    def require_quota_for_feed(
        self, partner_id: str, stories: Sequence[SentStory], now: datetime
    ) -> None:
        """Raise `NotDueYet` if the quota of a partner does not allow the stories of a feed."""
        limits = self._resolve([partner_id], now)[partner_id].limits
        self._require_quota(Caller(partner_id=partner_id, limits=limits), stories, now)

    def _require_quota(self, partner: Caller, stories: Sequence[SentStory], now: datetime) -> None:
        """Raise `NotDueYet` if the quota of a partner does not allow stories."""
        quotas = self._usage.quotas
        if quotas.allow_from_memory(partner, stories):
            return
        try:
            quotas.check(partner, stories)
        except QuotaExceeded as refusal:
            pause = min(timedelta(seconds=refusal.seconds), _LONGEST_PAUSE)
            raise NotDueYet(now + pause) from refusal

    def note_feed(self, reader: Caller, size: int, stories: Sequence[SentStory]) -> None:
        """Note that a partner received a feed of so many bytes, and the stories in it."""
        self._usage.add(reader, _FEED_ROUTE, size, stories)

    def _load_story(
        self, id_: str, webhook: WebhookRow, granted: Entitlement
    ) -> tuple[store.Attributes | None, bytes | None]:
        """Return a public story that the webhook selects, and its document if it is granted now."""
        selection = selection_from_json(webhook.selection)
        query = StoryQuery(
            Selection((Clause("id", (id_,)),)), form="whole", limit=1, entitlement=granted
        )
        with self._delivery.open_state() as (session, state, directory):
            story = store.load_attributes(session, [id_]).get(id_)
            if story is None or not selection.matches(story.values):
                return None, None
            rows = story_queries.load_page(session, query, state.now)
            is_public = story.is_public(state.now)
        document = b"".join(story_pieces(rows[0], directory, granted)) if rows else None
        # One under embargo is not public, and may be granted.
        return story if is_public or rows else None, document


def find_partner_event(
    row: Change, selection: Selection, granted: Entitlement
) -> tuple[str, datetime] | None:
    """Return the event of a row for a partner, and when it is due; None if there is none."""
    if row.type != "article":
        return (f"{row.type}.updated", row.at) if granted.grants else None
    after = row.after
    if after is not None and selection.matches(after):
        due_at = find_due(granted, after, row.at)
        if due_at is not None:
            # For the partner, the story is new when it is due.
            return PUBLISHED if due_at > row.at else f"article.{row.reason}", due_at
    if row.before is None:
        return None
    # Growing older than the depth is no event, and a copy that is too old may still be there.
    kept_since = None if row.op == "remove" else row.at
    if not could_have(granted, row.before, row.at, kept_since):
        return None
    event = find_event(row._replace(after=None), selection)
    return None if event is None else (event, row.at)


def find_due(granted: Entitlement, story: SelectionFields, now: datetime) -> datetime | None:
    """Return when a public story is first granted from now on, or None if never."""
    published_at = parse_instant(story["published_at"])
    instants = [
        now if grant.embargoed else max(now, published_at + grant.delay)
        for grant in granted.grants
        if grant.selection.matches(story)
        and (grant.depth is None or published_at >= now - grant.depth)
    ]
    return min(instants, default=None)


def _find_sent(row: DeliveryRow, body: bytes) -> SentStory:
    if row.event in REMOVALS:
        return SentStory(row.subject, 0, REMOVED)
    data = json.loads(body)["data"]
    form: SentForm = "full" if "body_html" in data.get("document", {}) else "headline"
    return SentStory(row.subject, data["version"], form)


def _show_story(
    body: bytes, webhook: WebhookRow, story: store.Attributes, document: bytes
) -> bytes:
    """Return an event with the present version of its story, and its document if asked for."""
    event: dict[str, Any] = json.loads(body)
    shown: dict[str, Any] = json.loads(document)
    embargo = {name: shown[name] for name in _EMBARGO if name in shown}
    data = event["data"] | {"slug": story.slug, "version": story.version} | embargo
    if webhook.document:
        data["document"] = shown
    return json.dumps({**event, "data": data})
