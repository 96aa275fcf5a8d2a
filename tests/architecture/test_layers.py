"""The layers and boundaries of the design, and limits for the size of the code."""

import ast
import subprocess
import sys
import tomllib
from collections import Counter

import pytest

from tests.architecture.source import (
    ROOT,
    Module,
    code_lines,
    functions,
    imports,
    module_code_lines,
    modules,
)

SMALL, LARGE_FILE = 20, 250


def test_the_import_contracts_hold() -> None:
    code = "from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", code, "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in contracts["contracts"]:
        assert f"{contract['name']} KEPT" in done.stdout


def may_use_sql(module: Module) -> bool:
    """Whether a module is a model, a part of a store, or of the kit."""
    parts = module.path.relative_to(ROOT / "app").parts
    return parts[0] == "kit" or parts[-1] in {"models.py", "store.py"} or "store" in parts[1:-1]


def test_sqlalchemy_stays_in_models_stores_and_kit() -> None:
    outside = [
        f"{module.name} imports {name}"
        for module in modules()
        if not may_use_sql(module)
        for name in imports(module)
        if name.split(".")[0] in {"sqlalchemy", "alembic"}
    ]
    assert outside == []


def test_the_kernel_imports_no_other_package() -> None:
    outwards = [
        f"{module.name} imports {name}"
        for module in modules()
        if module.path.is_relative_to(ROOT / "app" / "kit")
        for name in imports(module)
        if name.split(".")[0] == "app" and not name.startswith("app.kit") and name != "app"
    ]
    assert outwards == []


def test_commands_never_commit() -> None:
    names = {"commit", "rollback", "begin"}
    # The engine of the index commits to its own files.
    own = (ROOT / "app" / "kit", ROOT / "app" / "search" / "engine")
    offenders = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if not any(module.path.is_relative_to(item) for item in own)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in names
    ]
    assert offenders == []


def test_functions_are_small() -> None:
    sizes = {
        f"{module.name}:{function.lineno} {function.name}": code_lines(module, function)
        for module in modules()
        for function in functions(module)
    }
    large = sorted((size, name) for name, size in sizes.items() if size >= SMALL)
    listed = "\n".join(f"{size:4} {name}" for size, name in reversed(large))
    assert len(large) <= len(sizes) / 10, f"{len(large)} of {len(sizes)} are large:\n{listed}"


def test_files_are_mostly_short() -> None:
    long = sorted((module.lines, module.name) for module in modules() if module.lines >= LARGE_FILE)
    listed = "\n".join(f"{lines:4} {name}" for lines, name in reversed(long))
    assert len(long) <= len(modules()) / 10, listed
    assert all(lines < 2 * LARGE_FILE for lines, _ in long), listed


def test_the_server_is_small() -> None:
    """HTTP/1.1 on a connection should be readable in one sitting (ADR 91)."""
    server = [module for module in modules() if module.name.startswith("app/server/")]
    assert 0 < sum(map(module_code_lines, server)) <= 600


def test_every_module_class_and_public_function_has_a_docstring() -> None:
    silent = [module.name for module in modules() if ast.get_docstring(module.tree) is None]
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                public = not node.name.startswith("_") and node in _list_definitions(module.tree)
                # An overload is documented by the function itself.
                overload = any(ast.unparse(item) == "overload" for item in node.decorator_list)
                if public and not overload and ast.get_docstring(node) is None:
                    silent.append(f"{module.name}:{node.lineno} {node.name}")
    assert silent == []


def _list_definitions(tree: ast.Module) -> list[ast.stmt]:
    """Return the definitions at the top level of a module or of a public class."""
    top = list(tree.body)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            top += node.body
    return top


def test_every_function_is_annotated() -> None:
    bare = [
        f"{module.name}:{function.lineno} {function.name}"
        for module in modules()
        for function in functions(module)
        if function.returns is None
        or any(
            item.annotation is None and item.arg not in {"self", "cls"}
            for item in [*function.args.args, *function.args.kwonlyargs]
        )
    ]
    assert bare == []


@pytest.mark.parametrize("folder", ["content", "access"])
def test_every_verb_has_its_own_file(folder: str) -> None:
    commands = ROOT / "app" / folder / "commands"
    for file in commands.glob("[!_]*.py"):
        verb, _, thing = file.stem.partition("_")
        assert verb, thing
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        public = Counter(name.partition("_")[2] for name in names if not name.startswith("_"))
        assert public[thing], f"{file.name} has no verb for {thing}"


def test_each_class_has_a_name_of_its_own() -> None:
    names = Counter(
        node.name
        for module in modules()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []
