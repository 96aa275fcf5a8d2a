"""Clients that are generated from the OpenAPI document are type-checked and run.

Each generator has a program in `clients/`, which reads lists, a story, a search, changes and
problems, and writes. Kotlin and Swift clients are generated, but not compiled.
"""

import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.faults.server import Client
from tests.system.conftest import Site
from tests.system.programs import require_program

# The installation of each generator takes half a minute.
pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
DOCUMENT = str(ROOT / "docs" / "openapi.json")
PROGRAMS = Path(__file__).with_name("clients")
_PACKAGE = "dateline_client"
# Models and operations only: their documentation and tests take most of the time.
_CODE = "models,apis,supportingFiles,modelTests=false,apiTests=false,modelDocs=false,apiDocs=false"


@dataclass(frozen=True, slots=True)
class Newspaper:
    """A server with the stories that the programs expect, and a key that reads all of them."""

    address: str
    key: str


@pytest.fixture(scope="module")
def newspaper(site: Site) -> Newspaper:
    """Two public stories, one under embargo, and a draft."""
    with closing(Client(site.port, site.editor_key)) as editor:
        editor.call("POST", "/v1/manage/sources", {"name": "Wire"})
        editor.call("POST", "/v1/manage/categories", {"name": "World"})
        editor.call("POST", "/v1/manage/categories", {"name": "Nowhere"})
        fields = {"name": "Program", "scopes": ["admin"], "embargoed": True}
        _, _, new_key = editor.call("POST", "/v1/manage/keys", fields)
    shared = {"source": "wire", "categories": ["world"], "tags": ["bees"]}
    site.story(title="Frost", slug="frost", published_at="2026-01-01T00:00:00Z", **shared)
    site.story(title="Hives", slug="hives", body="<p>All eleven.</p>", **shared)
    site.story(title="Secret", slug="secret", embargo_until="2099-01-01T00:00:00Z")
    site.draft(title="Draft", slug="draft")
    return Newspaper(f"http://127.0.0.1:{site.port}", new_key["key"])


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the generators that run on Node, from the lock file."""
    npm = require_program("npm", "npm")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "tsconfig.json"):
        shutil.copy(PROGRAMS / name, folder)
    _run(folder, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtual environment with the Python generators."""
    folder = tmp_path_factory.mktemp("python")
    _run(folder, sys.executable, "-m", "venv", "venv")
    programs = folder / "venv" / "bin"
    _run(folder, f"{programs}/pip", "install", "-q", "-r", f"{PROGRAMS}/requirements.txt")
    return programs


def test_a_client_of_openapi_typescript_compiles_and_runs(node: Path, newspaper: Newspaper) -> None:
    _run(node, "npx", "openapi-typescript", DOCUMENT, "-o", f"{_PACKAGE}.d.ts")
    _check_typescript(node, "openapi_fetch.ts", newspaper)
    (node / f"{_PACKAGE}.d.ts").unlink()


def test_a_client_of_hey_api_compiles_and_runs(node: Path, newspaper: Newspaper) -> None:
    _run(node, "npx", "openapi-ts", "-i", DOCUMENT, "-o", _PACKAGE)
    _check_typescript(node, "hey_api.ts", newspaper)


def test_a_client_of_openapi_python_client_type_checks_and_runs(
    python: Path, newspaper: Newspaper, tmp_path: Path
) -> None:
    _run(
        tmp_path,
        *(f"{python}/openapi-python-client", "generate", "--path", DOCUMENT),
        *("--output-path", _PACKAGE, "--meta", "none"),
    )
    shutil.copy(PROGRAMS / "openapi_python_client.py", tmp_path / "program.py")
    _run(tmp_path, f"{python}/mypy", "--strict", "program.py", _PACKAGE)
    _run(tmp_path, f"{python}/python", "program.py", newspaper.address, newspaper.key)


def test_a_client_of_openapi_generator_type_checks_and_runs(
    python: Path, newspaper: Newspaper, tmp_path: Path
) -> None:
    _generate(python, "python", tmp_path, "--package-name", _PACKAGE)
    shutil.copy(PROGRAMS / "openapi_generator.py", tmp_path / "program.py")
    # The generator's own templates lack some annotations.
    _run(tmp_path, f"{python}/mypy", _PACKAGE)
    _run(tmp_path, f"{python}/mypy", "--strict", "--follow-imports=silent", "program.py")
    _run(tmp_path, f"{python}/python", "program.py", newspaper.address, newspaper.key)


@pytest.mark.parametrize("language", ["kotlin", "swift6"])
def test_a_client_is_generated_for_kotlin_and_swift(
    language: str, python: Path, tmp_path: Path
) -> None:
    output = _generate(python, language, tmp_path)
    assert " ERROR " not in output
    assert list(tmp_path.rglob("ArticleChange.*"))


def _generate(python: Path, language: str, folder: Path, *options: str) -> str:
    require_program("java", "openjdk-17-jre-headless")
    command = (f"{python}/openapi-generator-cli", "generate", "-i", DOCUMENT, "-g", language)
    return _run(folder, *command, "-o", str(folder), "--global-property", _CODE, *options)


def _check_typescript(node: Path, program: str, newspaper: Newspaper) -> None:
    shutil.copy(PROGRAMS / program, node / "program.ts")
    _run(node, "npx", "tsc")
    bundle = ("--bundle", "--platform=node", "--format=esm", "--outfile=program.mjs")
    _run(node, "npx", "esbuild", "program.ts", *bundle)
    _run(node, "node", "program.mjs", newspaper.address, newspaper.key)


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    output = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, output
    return output
