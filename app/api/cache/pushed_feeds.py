"""Feeds for subscribers of the hub: as anonymous clients, or those with a token, get them."""

from urllib.parse import unquote, urlsplit

from app.access.caller import Caller
from app.access.errors import KeyRefused
from app.api.delivery.registry import find
from app.api.delivery.resource import ReadRequest
from app.api.http.errors import PathNotFound
from app.api.http.problems import MEDIA_TYPE, PROBLEMS
from app.bootstrap import Services
from app.kit.errors import Failure
from app.syndication.push.handlers import FeedContent


def read_feed(services: Services, address: str, token_id: str | None = None) -> FeedContent:
    """Compute the answer at the address of a feed; a refusal has no body.

    Without its text, the token of a feed is in no link.
    """
    parts = urlsplit(address)
    path = unquote(parts.path)
    match = find(path)
    try:
        if match is None or match.resource.runs == "async":
            raise PathNotFound("There is no such feed.")
        query = match.resource.parameters.canonical(parts.query.encode())
        request = ReadRequest(path, query, _load_reader(services, token_id))
        answer = match.compute(services, request)
    except Failure as failure:
        return FeedContent(PROBLEMS[failure.code].status, MEDIA_TYPE, b"")
    media_type = dict(answer.headers).get(b"content-type", b"").decode()
    return FeedContent(
        answer.status,
        media_type,
        answer.body,
        request.reader.partner_id,
        answer.metadata.sent,
    )


def _load_reader(services: Services, token_id: str | None) -> Caller:
    """Return the reader of a token, or the one without a key; refuse a token that has ended."""
    if token_id is None:
        return services.anonymous.load()
    found = services.feed_tokens.load_all([token_id], services.clock.now()).get(token_id)
    if found is None:
        raise KeyRefused("This feed token has ended.")
    return found
