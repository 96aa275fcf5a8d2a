"""Recorded examples of requests and answers, by operation (see `make examples`)."""

from pathlib import Path
from typing import Any

from app.kit import json

_FILE = Path(__file__).with_name("examples.json")
EXAMPLES: dict[str, dict[str, Any]] = json.loads(_FILE.read_bytes()) if _FILE.exists() else {}
