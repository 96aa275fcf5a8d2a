"""A recorded response of a server, which the floor application sends again."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

# Headers that the server adds to every answer, and headers of one connection.
_SERVERS_OWN = {"date", "server"}
_ONE_HOP = {"connection", "keep-alive", "transfer-encoding"}
_TIMEOUT = 30.0


@dataclass(frozen=True)
class Answer:
    """Status, headers in order, and body, as received."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    names_server: bool = True
    """Whether the response also had the `server` header that uvicorn adds by default."""

    def header(self, name: str) -> str | None:
        """Return the first header of this name, or nothing."""
        lower_name = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower_name), None)

    def save(self, path: Path) -> None:
        """Write the response to a file."""
        fields = {
            "status": self.status,
            "headers": self.headers,
            "body": b64encode(self.body).decode("ascii"),
        }
        path.write_text(json.dumps(fields), encoding="ascii")


def load_answer(path: Path) -> Answer:
    """Read a saved response."""
    fields = json.loads(path.read_text(encoding="ascii"))
    headers = tuple((name, value) for name, value in fields["headers"])
    return Answer(fields["status"], headers, b64decode(fields["body"]))


def fetch(host: str, port: int, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Send one request, with the given headers, `Host`, and no others."""
    connection = HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.putrequest("GET", path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    received = response.getheaders()
    dropped = _SERVERS_OWN | _ONE_HOP
    kept = tuple((name, value) for name, value in received if name.lower() not in dropped)
    names_server = any(name.lower() == "server" for name, _ in received)
    return Answer(response.status, kept, body, names_server)
