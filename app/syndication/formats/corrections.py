"""The body with its corrections after it, for formats that have no place of their own for them."""

import html

from app.syndication.model.item import Correction, Item


def corrected(item: Item) -> str | None:
    """Return the body as HTML, with each correction as a paragraph that says when and what."""
    if not item.corrections:
        return item.body_html
    return (item.body_html or "") + "".join(map(_paragraph, item.corrections))


def _paragraph(correction: Correction) -> str:
    # The date by itself is read in every language.
    told = f'<time datetime="{correction["at"]}">{correction["at"][:10]}</time>'
    return f'<p class="correction">{told}: {html.escape(correction["note"], quote=False)}</p>'
