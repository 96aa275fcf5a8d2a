"""`tools/public_names.py` reports private names of libraries, and no others."""

import ast

import pytest

from tools.public_names import faults

_PRIVATE = (
    "import _thread",
    "import asyncio._events",
    "from typing import _GenericAlias",
    "from sqlalchemy.engine._py_row import BaseRow",
    "import sys\nsys._getframe()",
    "import asyncio\nloop._ready.clear()",
    "transport._sock = None",
    "getattr(pool, '_max_overflow')",
    "monkeypatch.setattr(pool, '_timeout', 1)",
    "class Judge(ContentHandler):\n    def line(self):\n        return self._locator",
    "cursor.pgconn",
    "compiled.positiontup",
    "import uvicorn.config",
    "from uvicorn.server import ServerState",
    "import uvicorn\nuvicorn.protocols",
)
_PUBLIC = (
    "import sys\nsys.exit(os.EX_OK)",
    "from __future__ import annotations",
    "from app.kit.sql.change_watch import _build_counter_name",
    "class Own:\n    def __init__(self):\n        self._name = 1\nOwn()._name",
    "class Own:\n    _name: int = 1\nOwn()._name",
    "def _own(): ...\nmodule._own",
    "facts._replace(kept=False)._asdict()",
    "type(facts)._fields",
    "type(facts).__name__",
    "import uvicorn\nuvicorn.Server(uvicorn.Config('app'))",
)


def _find_private_names(text: str) -> list[str]:
    return faults({"some.py": ast.parse(text)})


@pytest.mark.parametrize("text", _PRIVATE)
def test_a_private_name_is_reported(text: str) -> None:
    (fault,) = _find_private_names(text)
    assert fault.startswith("some.py:")
    assert fault.endswith(" is not a public name.")


@pytest.mark.parametrize("text", _PUBLIC)
def test_public_names_and_names_of_the_project_are_not_reported(text: str) -> None:
    assert _find_private_names(text) == []


def test_a_private_name_may_be_used_by_another_module_of_the_project() -> None:
    defines = ast.parse("class Own:\n    def _name(self): ...")
    assert faults({"a.py": defines, "b.py": ast.parse("own._name()")}) == []
