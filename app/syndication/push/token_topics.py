"""Topics with the token of a feed: a subscription has the id of the token in its place.

So no token is stored. The id gives no access, since it is no token.
"""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_NAME = "token"


class Topic(NamedTuple):
    """The address of a feed without a token, and what was in place of the token, if anything."""

    address: str
    token: str | None


def split_topic(topic: str) -> Topic:
    """Split a topic into the address of the feed and its token, or the id of its token."""
    parts = urlsplit(topic)
    others: list[str] = []
    tokens: list[str] = []
    for part in parts.query.split("&"):
        name, _, value = part.partition("=")
        if unquote(name) == _NAME:
            tokens.append(unquote(value))
        else:
            others.append(part)
    if not tokens:
        return Topic(topic, None)
    return Topic(parts._replace(query="&".join(others)).geturl(), "&".join(tokens))


def join_topic(address: str, token_id: str) -> str:
    """Return the topic of a subscription to a feed with a token."""
    return f"{address}{'&' if '?' in address else '?'}{_NAME}={token_id}"
