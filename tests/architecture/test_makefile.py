"""What each target of the Makefile installs first: Dateline only, or the tools as well."""

import re

import pytest

from tests.architecture.source import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RUNTIME, DEV = ".venv/.installed", ".venv/.installed-dev"


def recipe(target: str) -> str:
    """Return a rule of the Makefile with its prerequisites."""
    match = re.search(rf"^{re.escape(target)}:.*\n(?:\t.*\n|\s*\\\n)*", MAKEFILE, re.MULTILINE)
    assert match is not None, target
    return match[0]


@pytest.mark.parametrize("target", ["install", "demo", "openapi"])
def test_targets_that_only_run_dateline_install_nothing_else(target: str) -> None:
    assert recipe(target).splitlines()[0].split()[1] == RUNTIME


@pytest.mark.parametrize(
    "target", ["test", "quick", "check", "bench", "examples", "test-exhaustive", "test-system"]
)
def test_targets_for_tests_and_benchmarks_install_the_tools(target: str) -> None:
    assert recipe(target).splitlines()[0].split()[1] == DEV


def test_each_part_is_installed_from_its_own_requirements() -> None:
    assert "requirements/dev.txt" not in recipe(RUNTIME)
    assert "requirements/runtime.txt" in recipe(RUNTIME)
    assert "requirements/dev.txt" in recipe(DEV)
    assert RUNTIME in recipe(DEV)


def test_a_release_has_a_wheel_and_an_sbom_from_a_separate_tool() -> None:
    release = recipe("release")
    assert "-m pip" in MAKEFILE
    assert "$(PIP) wheel" in release
    assert ".venv-release/bin/python" in release
    assert "-m cyclonedx_py" in release
    assert "requirements/release.txt" in recipe(".venv-release/.installed")
