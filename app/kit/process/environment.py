"""Settings in the environment of child processes."""

import os
from collections.abc import Mapping
from typing import Any


def export_settings(prefix: str, values: Mapping[str, Any]) -> None:
    """Set environment variables; remove those whose value is None."""
    for name, value in values.items():
        variable = prefix + name.upper()
        if value is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = str(value)
