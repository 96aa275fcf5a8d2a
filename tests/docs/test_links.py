"""Every link between pages of the project has an existing target; lines and records are short."""

import re
from pathlib import Path

import pytest

from tests.docs.live import ROOT

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
WIDTH = 120
_NOT_KEPT = re.compile(r"[^\w\- ]")
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "samples").glob("*.md")]
)


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = _HEADING.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    return {_NOT_KEPT.sub("", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_has_an_existing_target(page: Path) -> None:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    for link in _LINK.findall(text):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors_of(target), f"{link} names no heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_are_short(page: Path) -> None:
    """Tables too; but code is copied as it is."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    assert [line for line in text.splitlines() if len(line) >= WIDTH] == []


def test_every_decision_is_listed_and_short() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for record in sorted(folder.glob("[0-9]*.md")):
        text = record.read_text(encoding="utf-8")
        parts = re.findall(r"^## (\w+)$", text, re.MULTILINE)
        assert record.name in index
        assert len(text.splitlines()) <= 55
        assert parts == ["Context", "Decision", "Consequences"]
        for name, file in re.findall(r"`(test_\w+)`\s+in\s+`(tests/[\w/.]+)`", text):
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name


def test_the_index_lists_each_decision_once_in_order_and_marks_superseded_ones() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    listed = re.findall(
        r"^- \[(\d+)\. .+\]\((.+)\)(?:,.* superseded by (.*)|,.*)?$", index, re.MULTILINE
    )
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [file for _, file, _ in listed] == records
    assert [int(number) for number, _, _ in listed] == [int(name[:4]) for name in records]
    for _, file, by in listed:
        assert set(re.findall(r"\d+", by)) == _find_newer_records(folder / file), file


def _find_newer_records(record: Path) -> set[str]:
    """Return the numbers of the newer decisions that a record names above its context."""
    above = record.read_text(encoding="utf-8").partition("## Context")[0]
    behind = above.partition("Supersedes")[0].partition("uperseded")[2]
    return set(re.findall(r"\[(?:ADR )?(\d+)\]", behind))


def test_a_superseded_record_names_its_successor() -> None:
    folder = ROOT / "docs" / "adr"
    named = 0
    for record in sorted(folder.glob("[0-9]*.md")):
        above = record.read_text(encoding="utf-8").partition("## Context")[0]
        _, _, older = above.partition("Supersedes")
        for file in re.findall(r"\((\d+-.+?\.md)\)", older):
            assert str(int(record.name[:4])) in _find_newer_records(folder / file), (
                record.name,
                file,
            )
            named += 1
    assert named
