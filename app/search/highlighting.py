"""What was found, shown where it stands: HTML-safe, with `<mark>` around each word that fits."""

from dataclasses import dataclass
from html import escape

from app.search.typed import Typed


@dataclass(frozen=True, slots=True)
class Highlights:
    """A title whole, and up to three fragments of the body; both are HTML."""

    title: str
    body: tuple[str, ...]


def highlights(typed: Typed, language: str, title: str, body: str) -> Highlights:
    """Mark what a query looks for in the stored words of a story; `body` is plain text."""
    return Highlights(escape(title, quote=False), ())
