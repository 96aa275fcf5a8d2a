"""Sending a kept answer: lifetimes, validators, conditions, CORS."""

import logging
from datetime import timedelta

from app.api.conditional import not_modified
from app.api.edge.asgi import Scope, Send
from app.api.edge.cors import EXPOSED
from app.api.edge.encoding import chosen_coding
from app.api.edge.entry import Absent, Entry, Facts, Headers
from app.api.edge.freshness import Freshness
from app.api.edge.request import REQUEST_ID
from app.api.edge.store import Key
from app.api.metrics import Metrics
from app.api.problems import problem
from app.kit.ids import new_id
from app.settings import Settings

Asked = dict[bytes, bytes]

_log = logging.getLogger("dateline.access")
_SHARED_SECONDS = 15
_LONGEST = timedelta(seconds=2 * _SHARED_SECONDS)
# A change may still come within the second that Last-Modified can express.
_TOO_YOUNG = timedelta(seconds=2)
_USUAL = (b"cache-control", b"public, max-age=0, s-maxage=15, stale-while-revalidate=15")
_PRIVATE = (b"cache-control", b"private, max-age=0, must-revalidate")
_VARY = (b"vary", b"Accept-Encoding, Authorization, X-Api-Key, Origin")
_WHOLE_ONLY = (b"accept-ranges", b"none")
_EXPOSE = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())


class Replies:
    """Sends kept answers to readers."""

    def __init__(self, settings: Settings, metrics: Metrics, freshness: Freshness) -> None:
        """Know the origins, where to count, and what time it is."""
        origins = {one.strip() for one in settings.cors_origins.split(",") if one.strip()}
        self._any_origin = "*" in origins
        self._origins = {one.encode() for one in origins}
        self._logs = settings.access_log == "all"
        self._metrics = metrics
        self._freshness = freshness

    async def send(
        self, scope: Scope, asked: Asked, send: Send, found: Entry | Absent, key: Key
    ) -> None:
        """Send an answer, as little of it as the reader needs."""
        id_ = _given_id(asked) or new_id()
        headers: Headers = [_VARY, (b"x-request-id", id_.encode()), *self._cors(asked)]
        if isinstance(found, Absent):
            status, more, body = _absent(found, id_)
        else:
            status, more, body = self._answer(found, asked, private=key[2])
        headers += more
        await send({"type": "http.response.start", "status": status, "headers": headers})
        bare = scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if bare else body})
        self._metrics.count(scope["method"], found.route, status)
        if self._logs:
            _log.info("%s %s %d from memory", scope["method"], scope["path"], status)

    def _answer(self, entry: Entry, asked: Asked, *, private: bool) -> tuple[int, Headers, bytes]:
        accepted = asked.get(b"accept-encoding")
        coding = chosen_coding(accepted.decode("latin-1")) if accepted else "identity"
        variant, facts = entry.variant(coding), entry.facts
        lifetime = _PRIVATE if private else self._lifetime(facts)
        headers = [lifetime, _WHOLE_ONLY]
        changed = facts.changed_at
        if changed is not None and self._freshness.now - changed < _TOO_YOUNG:
            changed = None
        if changed is not None:
            headers.append((b"last-modified", entry.modified))
        if entry.status == 200 and _is_known(asked, variant.tag, changed):
            return 304, headers + variant.unchanged, b""
        return entry.status, headers + variant.headers, variant.body

    def _lifetime(self, facts: Facts) -> tuple[bytes, bytes]:
        """Return how long shared caches may keep it: short, fixed, cut at the next boundary."""
        if facts.changes_at is None:
            return _USUAL
        left = facts.changes_at - self._freshness.now
        if left >= _LONGEST:
            return _USUAL
        seconds = max(0, int(left.total_seconds()))
        fresh = min(_SHARED_SECONDS, seconds)
        text = f"public, max-age=0, s-maxage={fresh}, stale-while-revalidate={seconds - fresh}"
        return b"cache-control", text.encode()

    def _cors(self, asked: Asked) -> Headers:
        origin = asked.get(b"origin")
        if origin is None:
            return []
        if self._any_origin:
            return [(b"access-control-allow-origin", b"*"), _EXPOSE]
        if origin in self._origins:
            return [(b"access-control-allow-origin", origin), _EXPOSE]
        return []


def _given_id(asked: Asked) -> str | None:
    given = asked.get(b"x-request-id")
    if given is None:
        return None
    text = given.decode("latin-1")
    return text if REQUEST_ID.fullmatch(text) else None


def _absent(found: Absent, id_: str) -> tuple[int, Headers, bytes]:
    status, headers, body = problem("not_found", found.detail, id_)
    more = [(name.encode(), value.encode()) for name, value in headers.items()]
    more.append((b"dateline-serial", str(found.facts.serial).encode()))
    return status, [*more, (b"content-length", str(len(body)).encode())], body


def _is_known(asked: Asked, tag: str, changed: object) -> bool:
    match, since = asked.get(b"if-none-match"), asked.get(b"if-modified-since")
    if match is None and since is None:
        return False
    return not_modified(_text(match), _text(since), tag, changed)  # type: ignore[arg-type]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
