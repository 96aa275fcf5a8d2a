"""The documentation explains everything in the code; each test names what is missing."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from app.api.app import openapi_document
from app.api.http.problems import FIELD_CODES, PROBLEMS
from app.api.monitoring.metrics import Metrics
from app.cli.main import app as command_line
from app.kit import json
from app.settings import Settings
from tests.architecture.source import ROOT

DOCS = ROOT / "docs"
RECORDS = sorted((DOCS / "adr").glob("[0-9]*.md"))
_HEADING = re.compile(r"^#{2,6}\s+(.*?)\s*$", re.MULTILINE)
_PATH = re.compile(r"`((?:app|bench|docs|migrations|samples|tests)/[\w./-]+)`")


def text_of(name: str) -> str:
    """Return a page of the documentation; a missing page is empty."""
    page = DOCS / name
    return page.read_text(encoding="utf-8") if page.exists() else ""


def headings(name: str) -> set[str]:
    """Return the headings of a page, without markup."""
    return {matches.replace("`", "") for matches in _HEADING.findall(text_of(name))}


def ending_of(record: Path) -> str:
    """Return the last paragraph of a record."""
    return record.read_text(encoding="utf-8").strip().rpartition("\n\n")[2]


def commands(group: Any, path: str = "dateline") -> list[str]:
    """Return every command with the words that call it."""
    if not hasattr(group, "commands"):
        return [path]
    return [
        name
        for word, command in group.commands.items()
        for name in commands(command, f"{path} {word}")
    ]


def test_every_setting_has_a_heading() -> None:
    names = {f"DATELINE_{name.upper()}" for name in Settings.model_fields}
    assert names - headings("settings.md") == set()


def test_every_documented_setting_exists() -> None:
    names = {f"DATELINE_{name.upper()}" for name in Settings.model_fields}
    found_headings = {
        heading for heading in headings("settings.md") if heading.startswith("DATELINE_")
    }
    assert found_headings - names == set()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_default_of_every_setting_is_documented(name: str) -> None:
    default = Settings.model_fields[name].default
    section = text_of("settings.md").partition(f"DATELINE_{name.upper()}\n")[2].partition("\n#")[0]
    if isinstance(default, bool):
        assert str(default).lower() in section
    elif default not in {None, ""}:
        plain = section.replace(",", "")
        assert str(default) in plain or f"{default:g}" in plain if default != "*" else "*" in plain


def test_every_problem_has_a_heading() -> None:
    assert set(PROBLEMS) - headings("errors.md") == set()


def test_every_field_error_code_has_a_heading() -> None:
    assert set(FIELD_CODES) - headings("errors.md") == set()


def test_every_command_has_a_heading() -> None:
    found_headings = headings("cli.md") | headings("operations.md")
    assert set(commands(get_command(command_line))) - found_headings == set()


def test_every_metric_is_documented() -> None:
    names = {family.name for family in Metrics().families()}
    missing = {name for name in names if name not in text_of("operations.md")}
    assert names
    assert missing == set()


def test_the_openapi_document_is_the_reviewed_one() -> None:
    file = DOCS / "openapi.json"
    assert file.exists(), "docs/openapi.json is missing; write it with `make openapi`"
    reviewed = json.loads(file.read_bytes())
    current = json.loads(json.dumps(openapi_document()))
    paths = reviewed["paths"].keys() ^ current["paths"].keys()
    assert reviewed == current, (
        "The API is not the one of docs/openapi.json. Look at the difference, and renew the "
        f"file with `make openapi` if it is meant. Paths that differ: {sorted(paths) or 'none'}"
    )


def test_there_are_decision_records() -> None:
    assert RECORDS


@pytest.mark.parametrize("record", RECORDS, ids=lambda item: item.stem)
def test_a_decision_record_ends_with_its_enforcement(record: Path) -> None:
    assert ending_of(record).startswith("Enforced by"), f"{record.name}: no 'Enforced by'"


@pytest.mark.parametrize("record", RECORDS, ids=lambda item: item.stem)
def test_every_named_enforcement_exists(record: Path) -> None:
    missing = [path for path in _PATH.findall(ending_of(record)) if not (ROOT / path).exists()]
    assert missing == []


def test_every_threat_names_existing_tests() -> None:
    text = text_of("threat-model.md")
    files = dict(re.findall(r"^\[(\w+)\]: \.\./(tests/\S+)$", text, re.MULTILINE))
    assert [path for path in files.values() if not (ROOT / path).is_file()] == []
    rows = [line for line in text.splitlines() if line.count("|") == 4 and "---" not in line]
    named = [re.findall(r"\[(\w+)\]", row.split("|")[3]) for row in rows if "| tests |" not in row]
    assert named
    assert all(named), "a line names no test"
    assert {name for names in named for name in names} == files.keys()


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda item: item.name)
def test_links_between_pages_have_existing_targets(page: Path) -> None:
    matches = re.findall(r"\]\((?!https?:|mailto:|#|/)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in matches if not (page.parent / target).exists()]
    assert missing == []


def test_public_paths_are_documented_before_managed_ones() -> None:
    managed = [path.startswith("/v1/manage/") for path in openapi_document()["paths"]]
    assert managed == sorted(managed)
    assert set(managed) == {False, True}
