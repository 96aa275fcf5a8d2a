"""Options handed on to processes that are started from here."""

import os
from collections.abc import Mapping
from typing import Any


def export_settings(prefix: str, values: Mapping[str, Any]) -> None:
    """Put options into the environment; those without a value are taken out of it."""
    for name, value in values.items():
        variable = prefix + name.upper()
        if value is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = str(value)
