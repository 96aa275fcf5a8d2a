"""Log lines: for people, or one JSON object a line. Headers and bodies are never logged."""

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

from app.kit import json
from app.kit.clock import format_instant

_EXTRA = ("request_id", "key", "route")


# A path may hold a line break, and would write a line of its own.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _visible(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one line for people."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        message = _CONTROL.sub(_visible, record.getMessage())
        line = f"{moment} {record.levelname.lower():7} {message}"
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
