"""Log lines: for people, or one JSON object a line. Headers and bodies are never logged."""

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TextIO

from app.kit import json
from app.kit.clock import format_instant

# The logger of what tells of requests, and how many of its lines wait, and how long.
ACCESS = "dateline.access"
_MAX_LINES = 500
_SECONDS = 0.1
_EXTRA = (
    "request_id",
    "client",
    "key",
    "method",
    "route",
    "status",
    "bytes",
    "milliseconds",
)
Redact = Callable[[str], str]


# A path may hold a line break, and would write a line of its own.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _escape_control(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


@lru_cache(maxsize=2)
def _format_time(second: int) -> str:
    """Return the time of day; many lines are of the same second."""
    return datetime.fromtimestamp(second, UTC).strftime("%H:%M:%S")


class AccessRecord(logging.LogRecord):
    """A record of the access log, made in a fraction of the time that others take.

    All that others look up (file, thread, process) is the same for each of these, or not told.
    """

    _same: Mapping[str, Any] = vars(logging.LogRecord(ACCESS, logging.INFO, "", 0, "", (), None))

    def __init__(self, message: str, args: tuple[Any, ...], **extra: Any) -> None:
        """Note what is told, and when; `extra` are members of a line in JSON."""
        now = time.time()
        self.__dict__ = {**self._same, "msg": message, "args": args, "created": now, **extra}


class _RedactingFormatter(logging.Formatter):
    """Hides secrets in whatever text comes; what tells of requests has none by then."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact

    def redact(self, record: logging.LogRecord, text: str) -> str:
        """Return a text of a record without secrets."""
        return text if record.name == ACCESS else self._redact(text)


class _TextFormatter(_RedactingFormatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one line for people."""
        message = _CONTROL.sub(_escape_control, record.getMessage())
        line = f"{_format_time(int(record.created))} {record.levelname.lower():7} {message}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return self.redact(record, line)


class _JsonFormatter(_RedactingFormatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON object."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "at": format_instant(moment),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.redact(record, record.getMessage()),
        }
        line |= {name: getattr(record, name) for name in _EXTRA if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.redact(record, self.formatException(record.exc_info))
        return json.dumps_text(line)


class _BufferingHandler(logging.StreamHandler[TextIO]):
    """Writes what tells of requests a few lines at once: each by itself costs as much as an answer.

    Whatever else is said is written at once, with all that was said before it.
    """

    def __init__(self, stream: TextIO) -> None:
        """Gather nothing yet."""
        super().__init__(stream)
        self._records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record for a moment, or write everything."""
        self._records.append(record)
        if record.name != ACCESS or len(self._records) >= _MAX_LINES:
            self.flush()
        elif len(self._records) == 1:
            timer = threading.Timer(_SECONDS, self.flush)
            timer.daemon = True
            timer.start()

    def flush(self) -> None:
        """Write what was gathered; many lines in a row are made sooner than one at a time."""
        with self.lock or nullcontext():
            records, self._records = self._records, []
            if records:
                self.stream.write("\n".join([*map(self.format, records), ""]))
                self.stream.flush()


def configure_logging(level: str, form: Literal["text", "json"], redact: Redact = str) -> None:
    """Send Dateline's log to standard error, and the server's into it.

    `redact` takes secrets out of a text; the access log is expected to have none.
    """
    handler = _BufferingHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter(redact) if form == "json" else _TextFormatter(redact))
    for name in ("dateline", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper())
    # No line says where in the code, or on which thread, it was written; so nobody looks.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # One access log is enough, and ours has the request id.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").propagate = True
