"""A client behind a shared cache that sees the exact bytes."""

import re
import zlib
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import brotli
import zstandard

from app.kit import json

_COUNT = re.compile(r"^dateline_requests_total\{(.*?)\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it arrived, without decoding."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def coding(self) -> str:
        """The encoding of the body."""
        return self.headers.get("content-encoding", "identity")

    @property
    def is_from_cache(self) -> bool:
        """Whether the shared cache says that it had it."""
        return self.headers["x-cache"] in {"HIT", "STALE", "UPDATING", "REVALIDATED"}

    def json(self) -> Any:
        """Return the decoded JSON."""
        return json.loads(_UNPACKERS[self.coding](self.body))


_UNPACKERS = {
    "identity": bytes,
    "gzip": lambda body: zlib.decompress(body, wbits=31),
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


def fetch(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    """Send a request on a new connection; an underscore in a name is a hyphen."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        received = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, received, answer.read())
    finally:
        connection.close()


def count_requests(dateline: int, **labels: str) -> int:
    """Return the number of requests with all these labels that a Dateline has counted."""
    text = fetch(dateline, "/metrics").body.decode()
    pairs = {f'{name}="{value}"' for name, value in labels.items()}
    lines = _COUNT.findall(text)
    return int(
        sum(
            float(count)
            for labels_of_line, count in lines
            if pairs <= set(labels_of_line.split(","))
        )
    )
