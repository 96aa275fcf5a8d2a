"""The fast path: answers that are cached or computed inline, without a task.

A task, its coroutines and a second turn of the event loop take longer than looking up a prepared
response. So the server asks here first, and starts a task only if there is no answer.
"""

from collections.abc import Callable

from app.api.cache.freshness import Freshness
from app.api.cache.prepared_responses import PreparedResponse, request_name
from app.api.cache.replies import Messages, Replies
from app.api.cache.store import EntryStore
from app.api.http.asgi import REQUEST_NAME, Message, Scope
from app.api.middleware.access_log import id_for
from app.bootstrap import Services
from app.kit.ids import new_id


class FastPath:
    """Returns prepared responses, as long as neither a write nor time has changed them."""

    def __init__(
        self,
        services: Services,
        entries: EntryStore,
        freshness: Freshness,
        replies: Replies,
        inline: Callable[[Scope], Message | None],
    ) -> None:
        """Look up the prepared responses of a store; `inline` computes what needs no waiting."""
        self._ready = entries.ready.get
        self._version = services.watch.version
        self._now = services.clock.now
        self._freshness = freshness
        self._replies = replies
        self._inline = inline

    def whole(self, scope: Scope) -> Message | None:
        """Return the answer to a request in one message, if nothing has to be waited for."""
        if scope["method"] != "GET":
            return None
        given = self._given(scope)
        return self._inline(scope) if given is None else given[0].whole(given[1])

    def messages(self, scope: Scope) -> Messages:
        """Return the messages that answer a GET, none if it is not ready.

        So other servers have it too, and those to whom ours could not write at once.
        """
        given = None if REQUEST_NAME in scope else self._given(scope)
        return () if given is None else given[0].messages(scope, given[1])

    def _given(self, scope: Scope) -> tuple[PreparedResponse, str] | None:
        """Return what is ready for a request, and the id under which it is given away."""
        name, given = scope[REQUEST_NAME] = request_name(scope)
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
