"""What is at hand: answers that are ready, or made at once, given to a server that asks for them.

A task, the coroutines in it and a second turn of the loop take longer than finding an answer that
is ready. So our server asks first, and sends what it is given. All else it begins a task for.
"""

from collections.abc import Callable

from app.api.edge.asgi import Message, Scope
from app.api.edge.freshness import Freshness
from app.api.edge.ready import APART, Ready, told_apart
from app.api.edge.replies import Messages, Replies
from app.api.edge.request import id_for
from app.api.edge.store import EntryStore
from app.bootstrap import Services
from app.kit.ids import new_id


class Hand:
    """Gives ready answers, as long as neither a write nor time has changed them."""

    def __init__(
        self,
        services: Services,
        entries: EntryStore,
        freshness: Freshness,
        replies: Replies,
        at_once: Callable[[Scope], Message | None],
    ) -> None:
        """Look among the ready answers of a store, and ask for what is made at once."""
        self._ready = entries.ready.get
        self._version = services.watch.version
        self._now = services.clock.now
        self._freshness = freshness
        self._replies = replies
        self._at_once = at_once

    def whole(self, scope: Scope) -> Message | None:
        """Return the answer to a request in one message, if nothing has to be waited for."""
        if scope["method"] != "GET":
            return None
        given = self._given(scope)
        return self._at_once(scope) if given is None else given[0].whole(given[1])

    def messages(self, scope: Scope) -> Messages:
        """Return the messages that answer a GET, none if it is not ready.

        So other servers have it too, and those to whom ours could not write at once.
        """
        given = None if APART in scope else self._given(scope)
        return () if given is None else given[0].messages(scope, given[1])

    def _given(self, scope: Scope) -> tuple[Ready, str] | None:
        """Return what is ready for a request, and the id under which it is given away."""
        name, given = scope[APART] = told_apart(scope)
        if self._version() != self._freshness.version and not self._freshness.is_sure():
            return None
        ready = self._ready(name)
        if ready is None:
            return None
        if ready.until is not None and ready.until <= self._now():
            return None
        ready.entry.used = True
        self._replies.note(scope, ready.tally, ready.status)
        return ready, new_id() if given is None else id_for(given)
