"""Render Markdown to HTML in a limited number of steps.

The time of the parser grows with the product of lines and levels, and for some input with the
square of a paragraph. So each attempt to parse a line or a mark is counted, up to a limit.
"""

from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

from app.content.body_limits import BodyLimitExceeded

# A step takes about 10 microseconds; about 60,000 words take this many.
MOST_STEPS = 60_000
# In characters; the search for the other end of a mark is limited to its paragraph.
LONGEST_PARAGRAPH = 100_000
MOST_CHARACTERS = 1_000_000
# Lines, plus the cells of every block with bars as if it were a table.
MOST_CELLS = 50_000
_CELLS_OF_A_LINE = 2
_EVERY_CHAIN = ["paragraph", "reference", "blockquote", "list", "table"]


def render_markdown(text: str, steps: list[int] | None = None) -> str:
    """Render Markdown as HTML; `steps[0]` is incremented for each step.

    Raise `BodyLimitExceeded` for far more marks, levels or lines than real texts have.
    """
    if len(text) > MOST_CHARACTERS or _count_cells(text) > MOST_CELLS:
        raise _build_limit_error()
    html: str = _markdown.render(text, {"steps": [0] if steps is None else steps})
    return html


def _count_cells(text: str) -> int:
    """Return the number of cells if every block with bars were a table."""
    if text.count("\n") > MOST_CELLS:
        return MOST_CELLS + 1
    cells = 0
    for _, block in groupby(text.split("\n"), lambda line: not line.strip()):
        bars = [line.count("|") for line in block]
        cells += len(bars) * (_CELLS_OF_A_LINE + max(bars))
    return cells


def _build_limit_error() -> BodyLimitExceeded:
    return BodyLimitExceeded(
        "too_complex",
        f"Markdown has at most {MOST_CHARACTERS} characters, {LONGEST_PARAGRAPH} of them in one "
        f"paragraph, {MOST_CELLS // _CELLS_OF_A_LINE} lines, {MOST_CELLS} cells of tables, and "
        f"takes {MOST_STEPS} steps to read. Split the story, or send it as HTML or plain text.",
    )


def _count_step(steps: list[int]) -> None:
    steps[0] += 1
    if steps[0] > MOST_STEPS:
        raise _build_limit_error()


def _count_block(state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:
    _count_step(state.env["steps"])
    return False


def _count_inline(state: StateInline, _silent: bool) -> bool:
    _count_step(state.env["steps"])
    return False


def _limit_paragraphs(state: StateCore) -> None:
    if any(
        len(token.content) > LONGEST_PARAGRAPH for token in state.tokens if token.type == "inline"
    ):
        raise _build_limit_error()


def _build_parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # The first of the block rules, also in chains that only test where a block ends.
    markdown.block.ruler.before("table", "steps", _count_block, {"alt": _EVERY_CHAIN})
    markdown.inline.ruler.before("text", "steps", _count_inline)
    markdown.core.ruler.before("inline", "bound", _limit_paragraphs)
    return markdown


_markdown = _build_parser()
