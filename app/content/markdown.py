"""Markdown to HTML, in a number of steps that is bounded and counted.

The parser takes time with the product of lines and levels, and for some input with the square of a
paragraph. So each attempt to read a line or a mark is counted, and too many of them end it.
"""

from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

from app.content.bounds import OutOfBounds

# A step takes about 10 microseconds, and some 60,000 words take so many.
MOST_STEPS = 60_000
# In characters; what is scanned for a mark's other end is one paragraph.
LONGEST_PARAGRAPH = 100_000
MOST_CHARACTERS = 1_000_000
# Lines, and in a block with bars as many cells as a table of it would have.
MOST_CELLS = 50_000
_CELLS_OF_A_LINE = 2
_EVERY_CHAIN = ["paragraph", "reference", "blockquote", "list", "table"]


def markdown_html(text: str, steps: list[int] | None = None) -> str:
    """Return the HTML of Markdown; `steps[0]` is raised by each step.

    Raise `OutOfBounds` for one with more marks, levels or lines than any text that people read.
    """
    if len(text) > MOST_CHARACTERS or _cells(text) > MOST_CELLS:
        raise _out_of_bounds()
    html: str = _markdown.render(text, {"steps": [0] if steps is None else steps})
    return html


def _cells(text: str) -> int:
    """Return how many cells a text has if all that may be a table is one."""
    if text.count("\n") > MOST_CELLS:
        return MOST_CELLS + 1
    cells = 0
    for _, block in groupby(text.split("\n"), lambda line: not line.strip()):
        bars = [line.count("|") for line in block]
        cells += len(bars) * (_CELLS_OF_A_LINE + max(bars))
    return cells


def _out_of_bounds() -> OutOfBounds:
    return OutOfBounds(
        "too_complex",
        f"Markdown has at most {MOST_CHARACTERS} characters, {LONGEST_PARAGRAPH} of them in one "
        f"paragraph, {MOST_CELLS // _CELLS_OF_A_LINE} lines, {MOST_CELLS} cells of tables, and "
        f"takes {MOST_STEPS} steps to read. Split the story, or send it as HTML or plain text.",
    )


def _step(steps: list[int]) -> None:
    steps[0] += 1
    if steps[0] > MOST_STEPS:
        raise _out_of_bounds()


def _count_block(state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:
    _step(state.env["steps"])
    return False


def _count_inline(state: StateInline, _silent: bool) -> bool:
    _step(state.env["steps"])
    return False


def _bound_paragraphs(state: StateCore) -> None:
    if any(len(one.content) > LONGEST_PARAGRAPH for one in state.tokens if one.type == "inline"):
        raise _out_of_bounds()


def _counting() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # First of the rules for lines, also where a rule asks whether a block ends at a line.
    markdown.block.ruler.before("table", "steps", _count_block, {"alt": _EVERY_CHAIN})
    markdown.inline.ruler.before("text", "steps", _count_inline)
    markdown.core.ruler.before("inline", "bound", _bound_paragraphs)
    return markdown


_markdown = _counting()
