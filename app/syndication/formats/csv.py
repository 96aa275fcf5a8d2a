"""CSV (RFC 4180), one line for each story, for spreadsheets and scripts."""

import csv
import io
import re
from collections.abc import Iterable

from app.kit.text import FILLERS, FORMAT, SELECTORS
from app.syndication.model.feed import Feed
from app.syndication.model.item import Item

MEDIA_TYPE = "text/csv"
COLUMNS = (
    "id slug version kind language title summary url published_at updated_at source categories "
    "tags authors image urgency dateline word_count body_text corrections media"
).split()
_BETWEEN, _ESCAPE = "|", "\\"
# Characters that start a formula, in every width: spreadsheets treat them alike.
_SIGNS = "=+@\\-＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"
# A spreadsheet evaluates a cell that starts like this, after invisible characters that it ignores.
_INVISIBLE = rf"\s\x00-\x1f\x7f-\x9f\u180b-\u180f\u2800{FORMAT}{FILLERS}{SELECTORS}"
_FORMULA = re.compile(f"[\t\r]|[{_INVISIBLE}]*[{_SIGNS}]")


def render(feed: Feed) -> bytes:
    """Return a feed as CSV with a header line; several values of a cell are separated by bars."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(map(defuse_formulas, map(_build_row, feed.items)))
    return text.getvalue().encode()


def defuse_formulas(row: Iterable[object]) -> list[object]:
    """Return the cells of a row, of which a spreadsheet evaluates none."""
    return [_defuse_formula(cell) for cell in row]


def _defuse_formula(cell: object) -> object:
    """Prefix an apostrophe to a text that a spreadsheet would evaluate as a formula."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def _join(values: Iterable[str]) -> str:
    """Join the values of a cell; as in filters, a backslash escapes the next character."""
    return _BETWEEN.join(
        value.replace(_ESCAPE, _ESCAPE * 2).replace(_BETWEEN, _ESCAPE + _BETWEEN)
        for value in values
    )


def _build_row(item: Item) -> list[object]:
    return [
        item.id,
        item.slug,
        item.version,
        item.kind,
        item.language,
        item.title,
        item.summary,
        item.link,
        item.published_at,
        item.updated_at,
        item.source["name"] if item.source else None,
        _join(category["slug"] for category in item.categories),
        _join(item.tags),
        _join(author["name"] for author in item.authors),
        item.image["url"] if item.image else None,
        item.urgency,
        item.dateline,
        item.word_count,
        item.body_text,
        _join(f"{correction['at']}: {correction['note']}" for correction in item.corrections),
        _join(medium.url for medium in item.media),
    ]
