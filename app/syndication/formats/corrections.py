"""Append corrections to the body, for formats without an element for them."""

import html

from app.syndication.model.item import Item, ItemCorrection


def append_corrections(item: Item) -> str | None:
    """Return the body as HTML, with a paragraph for each correction."""
    if not item.corrections:
        return item.body_html
    return (item.body_html or "") + "".join(map(_render_correction, item.corrections))


def _render_correction(correction: ItemCorrection) -> str:
    # A date without words is readable in every language.
    date = f'<time datetime="{correction["at"]}">{correction["at"][:10]}</time>'
    return f'<p class="correction">{date}: {html.escape(correction["note"], quote=False)}</p>'
