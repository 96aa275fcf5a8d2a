"""The body with its corrections after it, for formats that have no place of their own for them."""

import html

from app.syndication.model.item import Item, ItemCorrection


def append_corrections(item: Item) -> str | None:
    """Return the body as HTML, with each correction as a paragraph that says when and what."""
    if not item.corrections:
        return item.body_html
    return (item.body_html or "") + "".join(map(_render_correction, item.corrections))


def _render_correction(correction: ItemCorrection) -> str:
    # The date by itself is read in every language.
    date = f'<time datetime="{correction["at"]}">{correction["at"][:10]}</time>'
    return f'<p class="correction">{date}: {html.escape(correction["note"], quote=False)}</p>'
