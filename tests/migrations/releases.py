"""Which releases there are, with which schemas, as docs/upgrades.md says."""

import re
from collections.abc import Mapping

from app.kit.sql import migrations
from tests.migrations.places import ROOT

_ROW = re.compile(r"^\| `(\d+\.\d+\.\d+)` \| `(\d{4})` \|$", re.MULTILINE)


def schemas() -> dict[str, str]:
    """Return the number of the newest revision of each release, oldest release first."""
    rows = _ROW.findall((ROOT / "docs" / "upgrades.md").read_text(encoding="utf-8"))
    return dict(sorted(rows, key=lambda row: version_key(row[0])))


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are sorted by."""
    return tuple(int(part) for part in version.split("."))


def number_of(revision: str) -> str:
    """Return the number of a revision, which its name begins with."""
    return revision.partition("_")[0]


def number_before(revision: str) -> str:
    """Return the number of the oldest schema that goes with the code of a revision."""
    number, _, before = revision.partition("_from_")
    return before or number


def name_flaws(revision: str, releases: Mapping[str, str]) -> list[str]:
    """Say what is wrong with the name of a revision that is newer than the first release."""
    number = number_of(revision)
    before = max((found for found in releases.values() if found < number), default=None)
    if before is None or revision == f"{number}_from_{before}":
        return []
    return [f"{revision} has to be called {number}_from_{before}: that is the release before."]


def contract_flaws(revision: str, contract: str, releases: Mapping[str, str]) -> list[str]:
    """Say why a revision may not drop what `contract`, a release, has stopped using."""
    number, versions = number_of(revision), list(releases)
    if contract not in releases or releases[contract] >= number:
        return [f"{revision} drops what {contract} does not use, which is no release before it."]
    before = versions[max(versions.index(contract) - 1, 0)]
    if before != contract and releases[before] == releases[contract]:
        return [
            f"{contract} has no migration of its own, so {before}, which uses what {revision} "
            "drops, would be taken for it. Let the release after drop it."
        ]
    return []


def newest_before() -> str:
    """Return the newest revision of the release before, or the newest one where there is none."""
    return number_before(migrations.find_head())
