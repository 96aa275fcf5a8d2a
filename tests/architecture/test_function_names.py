"""The name of a function begins with a verb: `find_rows`, not `found` or `kept_rows`."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import ROOT

_IRREGULAR = frozenset(
    """
    begun bent bound bought broken brought built caught chosen dealt done drawn driven fallen felt
    found forgotten frozen given gone got grown heard held hidden hung kept known laid led left lent
    lost made meant met paid proven risen said seen sent shown shut slept sold spent spoken stood
    stuck taken taught thought thrown told torn understood woken won worn written
    """.split()
)
# These verbs end like participles.
_INFINITIVES = frozenset({"embed", "exceed", "feed", "need", "proceed", "seed", "shed"})


def _is_participle(word: str) -> bool:
    return word in _IRREGULAR or (word.endswith("ed") and word not in _INFINITIVES)


def _is_value(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is read like a value: a property, or a fixture."""
    names = (ast.unparse(item).partition("(")[0] for item in function.decorator_list)
    return any(name.endswith(("property", "fixture")) for name in names)


def _find_participles(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_value(node):
            first, _, _ = node.name.strip("_").partition("_")
            if _is_participle(first):
                yield node.lineno, node.name


@pytest.mark.parametrize("folder", ["app", "bench", "tools", "tests", "migrations"])
def test_no_function_is_named_by_a_past_participle(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    offenders = [
        f"{file.relative_to(ROOT)}:{line} {name}"
        for file in files
        for line, name in _find_participles(file.read_text(encoding="utf-8"))
    ]
    assert offenders == []


@pytest.mark.parametrize("name", ["found", "_kept_rows", "published_at", "__asked"])
def test_a_past_participle_is_found(name: str) -> None:
    assert list(_find_participles(f"def {name}() -> None: ...")) == [(1, name)]
    assert list(_find_participles(f"class A:\n  async def {name}(self) -> None: ...")) == [
        (2, name)
    ]


@pytest.mark.parametrize(
    "source",
    [
        "def feed(): ...",
        "def is_found(): ...",
        "@property\ndef embargoed(self): ...",
        "@cached_property\ndef imported(self): ...",
        "@pytest.fixture(scope='module')\ndef migrated(): ...",
    ],
)
def test_verbs_properties_and_fixtures_are_allowed(source: str) -> None:
    assert list(_find_participles(source)) == []
