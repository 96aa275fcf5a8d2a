"""Log lines: for people, or one JSON object a line. Headers and bodies are never logged."""

import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from app.kit import json
from app.kit.clock import format_instant

_EXTRA = ("request_id", "key", "route")


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one line for people."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        line = f"{moment} {record.levelname.lower():7} {record.getMessage()}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON object."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "at": format_instant(moment),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _EXTRA if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps_text(line)


def configure_logging(level: str, form: Literal["text", "json"]) -> None:
    """Send Dateline's log to standard error, and the server's into it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    for name in ("dateline", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper())
    # One access log is enough, and ours has the request id.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").propagate = True
