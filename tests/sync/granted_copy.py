"""A client with an entitlement that keeps a copy, below HTTP, and a model of what it may have."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.access.entitlement import Entitlement, GrantForm
from app.access.selection import Selection
from app.bootstrap import Services
from app.delivery import store
from app.delivery.models import Document
from app.delivery.snapshot import open_snapshot
from app.delivery.store import Attributes
from app.syndication.sync.sync_state import SyncState, from_json, to_json

Form = tuple[GrantForm, bool]
# They are separate changes (see `OfflineApp`).
_JOINED = ("source", "categories")


class GrantedCopy:
    """A copy that follows the changes of an entitlement."""

    def __init__(
        self, services: Services, entitlement: Entitlement, selection: Selection | None = None
    ) -> None:
        self._services = services
        self.entitlement = entitlement
        self.selection = selection or Selection()
        self._state = SyncState(self.selection, entitlement=entitlement)
        self.stories: dict[str, dict[str, Any]] = {}
        self.changes: list[dict[str, Any]] = []

    def catch_up(self, limit: int) -> list[dict[str, Any]]:
        """Request changes until there are no more, and return them."""
        before = len(self.changes)
        while self._step(limit):
            pass
        return self.changes[before:]

    def _step(self, limit: int) -> bool:
        batch = self._services.changes.next(self._state, limit)
        assert len(batch.entries) <= limit
        for entry in batch.entries:
            change = json.loads(entry.data)
            if change["type"] == "article":
                self._apply(change)
        # In the format of a cursor.
        value = json.loads(json.dumps(to_json(batch.after)))
        self._state = from_json(value, self.entitlement)
        assert self._state == batch.after
        return batch.more

    def _apply(self, change: dict[str, Any]) -> None:
        self.changes.append(change)
        if change["op"] == "upsert":
            self.stories[change["id"]] = change["document"]
        else:
            self.stories.pop(change["id"], None)

    def list_stories(self) -> dict[str, dict[str, Any]]:
        """Return the stories of the copy."""
        return {id_: _without_joined(story) for id_, story in self.stories.items()}

    def forms(self) -> dict[str, Form]:
        """Return the forms of its stories."""
        return {
            id_: ("full" if "body_html" in story else "headline", story["image"] is not None)
            for id_, story in self.stories.items()
        }

    def load_expected(self) -> dict[str, dict[str, Any]]:
        """Return what the server shows of it now."""
        with open_snapshot(self._services.delivery, self.entitlement) as snapshot:
            rendered = snapshot.render_stories(sorted(self.find_allowed()), "whole")
        return {id_: _without_joined(json.loads(story)) for id_, story in rendered.items()}

    def find_allowed(self) -> dict[str, Form]:
        """Return the stories that it may have now, and in which form, by the definition."""
        now = self._services.clock.now()
        forms: dict[str, Form] = {}
        for id_, story, expires_at in _load_all(self._services):
            opens = story.offered_at if self.entitlement.embargoed else story.published_at
            is_open = story.released or opens <= now
            grant = self.entitlement.find_grant(story.values, now)
            gone = expires_at is not None and expires_at <= now
            if is_open and not gone and grant and self.selection.matches(story.values):
                forms[id_] = (grant.form, grant.images)
        return forms


def _load_all(services: Services) -> list[tuple[str, Attributes, datetime | None]]:
    """Return all documents, whether readable or not."""
    with services.database.read() as session:
        documents = store.load_documents(session, session.scalars(select(Document.id)))
        stories = store.load_attributes(session, list(documents))
    return [(id_, stories[id_], whole.document.expires_at) for id_, whole in documents.items()]


def _without_joined(story: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in story.items() if name not in _JOINED}
