"""The version, the changelog and the table of schemas agree."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date

import pytest

from app import __version__
from app.kit.sql import migrations
from tests.architecture.source import ROOT
from tests.migrations.releases import parse_number, parse_version, read_schemas

_HEADING = re.compile(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)")


def find_flaws(changelog: str, version: str, rows: Mapping[str, str], newest: str) -> list[str]:
    """Compare them; `rows` are the schema of each release, `newest` is the schema of the code."""
    _, unreleased, *sections = re.split(r"^## ", changelog, flags=re.MULTILINE)
    name, _, changes = unreleased.partition("\n")
    headings = [section.partition("\n")[0] for section in sections]
    flaws = [
        f"'{heading}' is no heading" for heading in headings if not _HEADING.fullmatch(heading)
    ]
    if flaws or name != "[Unreleased]":
        return flaws or ["the changelog does not begin with what is unreleased"]
    releases = [
        (parse_version(number), date.fromisoformat(day))
        for number, day in _HEADING.findall("\n".join(headings))
    ]
    versions = [".".join(map(str, key)) for key, _ in releases]
    if releases != sorted(releases, reverse=True):
        flaws.append("the newest release is not the first one")
    if versions and versions[0] != version:
        flaws.append(f"the version is {version}, and the newest release {versions[0]}")
    if list(rows) != (versions[::-1] or [version]):
        flaws.append("docs/upgrades.md has the schemas of other releases")
    if not (versions and changes.strip()) and rows.get(version) != newest:
        flaws.append(f"docs/upgrades.md has another schema of {version} than {newest}")
    return flaws


def test_version_changelog_and_schemas_agree() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = parse_number(migrations.find_head())
    assert find_flaws(changelog, __version__, read_schemas(), newest) == []


def test_the_package_has_the_version_of_the_code() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__


_FIRST = {"0.1.0": "0008"}
_TWO = {**_FIRST, "0.2.0": "0010"}
_CHANGES = "## [Unreleased]\n- A change.\n"
_RELEASED = "## [Unreleased]\n## [0.2.0] - 2026-12-02\n## [0.1.0] - 2026-12-01\n"


@pytest.mark.parametrize(
    ("changelog", "version", "rows", "newest", "flaw"),
    [
        (_CHANGES, "0.1.0", _FIRST, "0008", None),
        (_CHANGES, "0.1.0", _FIRST, "0009", "another schema of 0.1.0"),
        (_RELEASED, "0.2.0", _TWO, "0010", None),
        (_RELEASED, "0.2.0", _TWO, "0011", "another schema of 0.2.0"),
        (_RELEASED.replace("]\n", "]\n- A change.\n"), "0.2.0", _TWO, "0011", None),
        (_RELEASED, "0.1.0", _TWO, "0010", "the newest release 0.2.0"),
        (_RELEASED, "0.2.0", _FIRST, "0010", "schemas of other releases"),
        (_RELEASED.replace("0.2.0", "0.0.9"), "0.0.9", _TWO, "0010", "not the first one"),
        (_RELEASED.replace(" - 2026-12-02", ""), "0.2.0", _TWO, "0010", "is no heading"),
        ("## [0.1.0] - 2026-12-01\n", "0.1.0", _FIRST, "0008", "unreleased"),
    ],
)
def test_differences_between_the_versions_are_reported(
    changelog: str, version: str, rows: dict[str, str], newest: str, flaw: str | None
) -> None:
    flaws = "; ".join(find_flaws(changelog, version, rows, newest))
    assert flaw in flaws if flaw else not flaws
