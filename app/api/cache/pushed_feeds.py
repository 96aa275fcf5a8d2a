"""Feeds for subscribers of the hub, with the answers that anonymous clients get."""

from urllib.parse import unquote, urlsplit

from app.api.delivery.registry import find
from app.api.delivery.resource import ReadRequest
from app.api.http.errors import PathNotFound
from app.api.http.problems import MEDIA_TYPE, PROBLEMS
from app.bootstrap import Services
from app.kit.errors import Failure
from app.syndication.push.handlers import FeedContent


def read_feed(services: Services, topic: str) -> FeedContent:
    """Compute the answer at the address of a feed; a refusal has no body."""
    parts = urlsplit(topic)
    path = unquote(parts.path)
    match = find(path)
    try:
        if match is None or match.resource.runs == "async":
            raise PathNotFound("There is no such feed.")
        query = match.resource.parameters.canonical(parts.query.encode())
        request = ReadRequest(path, query, services.anonymous.load())
        answer = match.compute(services, request)
    except Failure as failure:
        return FeedContent(PROBLEMS[failure.code].status, MEDIA_TYPE, b"")
    media_type = dict(answer.headers).get(b"content-type", b"").decode()
    return FeedContent(answer.status, media_type, answer.body)
