"""Quotation of client input in messages, shortened to a fixed length."""

MAX_QUOTED = 100


def shorten(text: str) -> str:
    """Truncate a text to 100 characters; an ellipsis replaces the rest."""
    return text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 1]}…"


def quote_text(text: str) -> str:
    """Return a text in quotes, shortened, with control characters escaped."""
    return repr(shorten(text))
