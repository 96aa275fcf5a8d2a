"""The source for these tests: files, modules, functions."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One file of the application."""

    path: Path
    tree: ast.Module
    lines: int

    @property
    def name(self) -> str:
        """Return the path from the root of the repository."""
        return self.path.relative_to(ROOT).as_posix()


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the application."""
    return tuple(_parse(path) for path in sorted(APP.rglob("*.py")))


def _parse(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    return Module(path, ast.parse(text), text.count("\n"))


def functions(module: Module) -> Iterator[Function]:
    """Yield every function and method, inner ones too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(module: Module, function: Function) -> int:
    """Count the lines of a function that hold code: no docstring, comment or blank line."""
    text = module.path.read_text(encoding="utf-8").splitlines()
    numbers = set(range(function.lineno, (function.end_lineno or function.lineno) + 1))
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        numbers -= set(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    lines = (text[number - 1].strip() for number in numbers)
    return sum(1 for line in lines if line and not line.startswith("#"))


def module_code_lines(module: Module) -> int:
    """Count the lines of a module that hold code: no docstring, comment or blank line."""
    text = module.path.read_text(encoding="utf-8").splitlines()
    stripped = ((number, line.strip()) for number, line in enumerate(text, 1))
    numbers = {number for number, line in stripped if line and not line.startswith("#")}
    for node in ast.walk(module.tree):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            numbers -= set(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    return len(numbers)


def imports(module: Module) -> Iterator[str]:
    """Yield the name of every imported module, at any level of the code."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def repository_files() -> Iterator[Path]:
    """Yield every file that belongs to the project, without generated ones."""
    generated = {"__pycache__", "build", "dist", "node_modules", "dateline.egg-info"}
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = parts[0].startswith(".") and parts[0] != ".ci" and len(parts) > 1
        if path.is_file() and not hidden and not generated & set(parts):
            yield path
