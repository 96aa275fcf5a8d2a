"""Send requests and write them with their responses as NDJSON."""

import base64
import json
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, TextIO

from tools.answers.wire import Answer, Connection, Request

Row = dict[str, Any]
JSON = "application/json"
PATCH = "application/merge-patch+json"


class Recorder:
    """Records the responses of one server; `phase` names its settings and earlier steps."""

    def __init__(
        self, phase: str, connection: Connection, keys: Mapping[str, str], output: TextIO
    ) -> None:
        """Send over a connection, with keys by their names, and write to a file."""
        self._phase = phase
        self._connection = connection
        self._keys = keys
        self._output = output
        self._numbers: Counter[str] = Counter()

    def key(self, name: str) -> str:
        """Return a key by its name."""
        return self._keys[name]

    def get(self, target: str, reader: str = "", **headers: str) -> Answer:
        """Read a target as one kind of reader: the name of a key, or anonymous."""
        return self.ask("GET", target, reader, headers=headers)

    def ask(
        self,
        method: str,
        target: str,
        reader: str = "",
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Answer:
        """Send a request; names of headers may have `_` for `-`, a body is JSON unless bytes.

        `name` replaces the target in the recording, if that differs from run to run.
        """
        sent = {key.replace("_", "-"): value for key, value in (headers or {}).items()}
        label = f"{self._phase} | {reader or 'anonymous'} | {method} {name or target}"
        label += "".join(f" | {key}" for key in sent)
        if reader:
            sent["Authorization"] = f"Bearer {self._keys.get(reader, reader)}"
        if body is not None:
            sent.setdefault("Content-Type", PATCH if method == "PATCH" else JSON)
        content = body if isinstance(body, bytes) else b"" if body is None else _dump(body)
        return self._send(label, Request(method, target, sent, content))

    def raw(self, label: str, content: bytes) -> Answer:
        """Send bytes that are not a well-formed request."""
        return self._send(f"{self._phase} | raw | {label}", Request("GET", "", raw=content))

    def listen(self, target: str, events: int, *, name: str | None = None) -> Answer:
        """Read a stream until it has sent this many events."""
        label = f"{self._phase} | anonymous | GET {name or target} | {events} events"
        return self._send(label, Request("GET", target, events=events))

    def _send(self, label: str, request: Request) -> Answer:
        self._numbers[label] += 1
        began = time.time()
        answer = self._connection.send(request)
        row: Row = {
            "label": f"{label} #{self._numbers[label]}",
            "began": began,
            "ended": time.time(),
            "request": encode(request.encode()),
            "status": answer.status_line,
            "headers": answer.headers,
            "body": encode(answer.body),
        }
        self._output.write(json.dumps(row, ensure_ascii=False) + "\n")
        return answer


def encode(content: bytes) -> str | dict[str, str]:
    """Return bytes as JSON can hold them."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def decode(content: str | dict[str, str]) -> bytes:
    """Return the recorded bytes."""
    if isinstance(content, str):
        return content.encode()
    return base64.b64decode(content["base64"])


def _dump(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
