"""Quoting what a client sent, in messages: never more than a little of it."""

MAX_QUOTED = 100


def shorten(text: str) -> str:
    """Return a text of at most 100 characters; an ellipsis stands for the rest of a longer one."""
    return text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 1]}…"


def quote_text(text: str) -> str:
    """Return a text in quotes, without control characters, and shortened."""
    return repr(shorten(text))
