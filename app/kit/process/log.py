"""Logging, as text or as JSON lines. Headers and bodies are never logged."""

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

# The logger of requests, and how many of its lines are buffered, and for how many seconds.
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


# A path with a line break could forge a line of the log.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _escape_control(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


@lru_cache(maxsize=2)
def _format_time(second: int) -> str:
    """Format the time of day; cached, as many lines have the same second."""
    return datetime.fromtimestamp(second, UTC).strftime("%H:%M:%S")


class AccessRecord(logging.LogRecord):
    """A record of the access log, which is faster to create than other records.

    Its file, thread and process are not determined, since they are not logged.
    """

    _same: Mapping[str, Any] = vars(logging.LogRecord(ACCESS, logging.INFO, "", 0, "", (), None))

    def __init__(self, message: str, args: tuple[Any, ...], **extra: Any) -> None:
        """Store the message and the time; `extra` are members of a JSON line."""
        now = time.time()
        self.__dict__ = {**self._same, "msg": message, "args": args, "created": now, **extra}


class _RedactingFormatter(logging.Formatter):
    """Redacts secrets in any text, except in the access log, which has none."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact

    def redact(self, record: logging.LogRecord, text: str) -> str:
        """Return the text of a record without secrets."""
        return text if record.name == ACCESS else self._redact(text)


class _TextFormatter(_RedactingFormatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return a line of text."""
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
    """Buffers lines of the access log: writing each line would cost as much as an answer.

    Any other record flushes the buffer and is written immediately.
    """

    def __init__(self, stream: TextIO) -> None:
        """Start with an empty buffer."""
        super().__init__(stream)
        self._records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Buffer a record, or flush."""
        self._records.append(record)
        if record.name != ACCESS or len(self._records) >= _MAX_LINES:
            self.flush()
        elif len(self._records) == 1:
            timer = threading.Timer(_SECONDS, self.flush)
            timer.daemon = True
            timer.start()

    def flush(self) -> None:
        """Write the buffer with one call, which is faster than a call for each line."""
        with self.lock or nullcontext():
            records, self._records = self._records, []
            if records:
                self.stream.write("\n".join([*map(self.format, records), ""]))
                self.stream.flush()


def configure_logging(level: str, form: Literal["text", "json"], redact: Redact = str) -> None:
    """Send the logs of Dateline and of uvicorn to standard error.

    `redact` removes secrets from a text; the access log must not have any.
    """
    handler = _BufferingHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter(redact) if form == "json" else _TextFormatter(redact))
    for name in ("dateline", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper())
    # Source positions and threads are not logged, so do not determine them.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # Dateline has its own access log, with request ids.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").propagate = True
