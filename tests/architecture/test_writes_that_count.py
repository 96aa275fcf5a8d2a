"""Only writes that change no rights keep the keys verified."""

import ast

from tests.architecture.source import modules

# They write receipts, usage, the last uses of keys, and the use of limits.
_COUNTING = {
    "app/access/key_uses.py",
    "app/access/limits/limit_reports.py",
    "app/partners/receipts.py",
    "app/partners/usage.py",
}


def test_only_modules_that_count_keep_rights() -> None:
    callers = {
        module.name
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.keyword) and node.arg == "changes_rights"
        # The wrapper of tracing passes the argument on.
        if module.name != "app/telemetry/instruments.py"
    }
    assert callers == _COUNTING
