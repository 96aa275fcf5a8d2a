"""Releases and their schemas, from the table in docs/upgrades.md."""

import re
from collections.abc import Mapping

from app.kit.sql import migrations
from tests.migrations.paths import ROOT

_ROW = re.compile(r"^\| `(\d+\.\d+\.\d+)` \| `(\d{4})` \|$", re.MULTILINE)


def read_schemas() -> dict[str, str]:
    """Return the number of the newest revision of each release, oldest release first."""
    rows = _ROW.findall((ROOT / "docs" / "upgrades.md").read_text(encoding="utf-8"))
    return dict(sorted(rows, key=lambda row: parse_version(row[0])))


def parse_version(version: str) -> tuple[int, ...]:
    """Return the sort key of a version."""
    return tuple(int(part) for part in version.split("."))


def parse_number(revision: str) -> str:
    """Return the number at the start of a revision's name."""
    return revision.partition("_")[0]


def parse_previous_number(revision: str) -> str:
    """Return the number of the oldest schema that is compatible with a revision."""
    number, _, before = revision.partition("_from_")
    return before or number


def find_name_flaws(revision: str, releases: Mapping[str, str]) -> list[str]:
    """Check the name of a revision that is newer than the first release."""
    number = parse_number(revision)
    before = max((schema for schema in releases.values() if schema < number), default=None)
    if before is None or revision == f"{number}_from_{before}":
        return []
    return [f"{revision} has to be named {number}_from_{before}, after the previous release."]


def find_contract_flaws(revision: str, contract: str, releases: Mapping[str, str]) -> list[str]:
    """Check that a revision may remove what the release `contract` no longer uses."""
    number, versions = parse_number(revision), list(releases)
    if contract not in releases or releases[contract] >= number:
        return [f"{revision} removes what {contract} does not use, which is no previous release."]
    before = versions[max(versions.index(contract) - 1, 0)]
    if before != contract and releases[before] == releases[contract]:
        return [
            f"{contract} has no separate migration, so {before}, which uses what {revision} "
            "removes, has the same schema. Remove it in a later release."
        ]
    return []


def find_previous_number() -> str:
    """Return the newest number of the previous release, or the newest number of all."""
    return parse_previous_number(migrations.find_head())
