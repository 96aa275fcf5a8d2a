"""The repository can be checked out anywhere: it names no machine and no package registry."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, repository_files

# Written in parts, so that this file does not contain them either.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("crates", "io"),
        ("conda", "anaconda", "org"),
    )
]
# This pattern does not match itself, because of the brackets.
_HOME = re.compile(r"(?<![\w./-])/(?:(?:home|Users)/[a-z][\w-]*|[r]oot)/")
_TEXT = {".py", ".md", ".toml", ".txt", ".ini", ".json", ".ndjson", ".yml", ".yaml", ".sh", ".svg"}


def text_files() -> list[Path]:
    """Return every handwritten file of the project."""
    return [
        path
        for path in repository_files()
        if path.suffix in _TEXT or path.name in {"Makefile", "Dockerfile", "run", "LICENSE"}
    ]


def test_no_file_names_a_package_registry() -> None:
    offenders = [
        f"{path.relative_to(ROOT)} names {host}"
        for path in text_files()
        for host in REGISTRIES
        if host in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert offenders == []


def test_no_file_contains_a_path_of_a_developer_machine() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in text_files()
        for match in _HOME.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert offenders == []


@pytest.mark.parametrize("name", ["dev.txt", "runtime.txt", "otel.txt", "build.txt", "release.txt"])
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    loose = [line[:60] for line in lines if "==" not in line or "--hash=sha256:" not in line]
    assert loose == []


def test_the_repository_contains_only_the_project() -> None:
    names = ["pyproject.toml", "app", "migrations", "tests", "alembic.ini", "Dockerfile"]
    names += ["Makefile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "docs/adr"]
    names += ["SECURITY.md", ".ci/run", "requirements", "samples/stories.ndjson"]
    assert [name for name in names if not (ROOT / name).exists()] == []
