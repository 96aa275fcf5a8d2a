"""Find private names of other projects: `python -m tools.public_names`.

A private name is one that begins with an underscore. The type of an object is unknown here, so a
private attribute has to be defined somewhere in this project. Of some libraries, the documented
names are listed here.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("app", "bench", "migrations", "tests", "tools")
# Documented in spite of the underscore: of named tuples, of SQLAlchemy's rows, of `os` and
# `logging`.
_DOCUMENTED = {"_asdict", "_fields", "_make", "_replace", "_exit", "_srcfile"}
# Without an underscore, but internal to psycopg and SQLAlchemy.
_INTERNAL = {"pgconn", "positiontup"}
# All documented names of libraries that have other modules as well.
_LISTED = {"uvicorn": {"Config", "Server", "main", "run"}}
_BY_TEXT = {"attrgetter", "delattr", "getattr", "hasattr", "setattr"}
_OWNERS = {"cls", "self"}


def main() -> None:
    """Print private names, and exit with 1 if there are any."""
    trees = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }
    problems = faults(trees)
    sys.stdout.writelines(f"{fault}\n" for fault in problems)
    sys.exit(1 if problems else 0)


def faults(trees: Mapping[str, ast.Module]) -> list[str]:
    """Return the private names in modules by path, with their positions."""
    own = {name for tree in trees.values() for name in _find_definitions(tree)}
    return [
        f"{path}:{node.lineno}: {name} is not a public name."
        for path, tree in trees.items()
        for node, name in _names(tree)
        if not _is_public(name, own)
    ]


def _find_definitions(tree: ast.Module) -> Iterator[str]:
    """Yield the private names that a module defines: functions, variables, attributes of `self`."""
    bodies = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for body in bodies:
        for node in ast.iter_child_nodes(body):
            yield from _targets(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            yield from [node.attr] if owner in _OWNERS else []


def _targets(statement: ast.AST) -> Iterator[str]:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _names(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Yield the names that a module uses: imports in full, attributes by their last name."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from ((node, f"{module}.{alias.name}") for alias in names)
            case ast.Attribute(value=ast.Name(id=str(library)), attr=name) if library in _LISTED:
                yield node, f"{library}.{name}"
            case ast.Attribute(attr=name):
                yield node, f".{name}"
            case ast.Call(func=ast.Name(id=str(function)) | ast.Attribute(attr=str(function))):
                if function in _BY_TEXT:
                    yield from ((node, f".{name}") for name in _texts(node))


def _texts(call: ast.Call) -> Iterator[str]:
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def _is_public(name: str, own: set[str]) -> bool:
    """Return whether a name of `_names` is public, or defined here."""
    library, *parts = name.split(".")
    if library in FOLDERS:
        return True
    if library in _LISTED:
        return len(parts) == 0 or (len(parts) == 1 and parts[0] in _LISTED[library])
    if library:
        return not any(_is_private(part) for part in (library, *parts))
    return not any((_is_private(part) and part not in own) or part in _INTERNAL for part in parts)


def _is_private(name: str) -> bool:
    is_special = name.startswith("__") and name.endswith("__")
    return name.startswith("_") and not is_special and name not in _DOCUMENTED


if __name__ == "__main__":
    main()
