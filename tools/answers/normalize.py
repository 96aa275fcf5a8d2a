"""Mask the values that differ between two runs of the same code.

Masked are instants, ids and cursors that were created during the run; `Date` and the request id;
secrets that are shown once; and `ETag` and length if masking changed the body.
"""

import base64
import gzip
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import brotli
import zstandard

from tools.answers.recorder import Row, decode

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
_DATE = (
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})"
)
_MICROSECONDS = r"\b\d{16}\b"
_TOKEN = r"(?<![\w-])[\w-]{24,}(?![\w-])"  # noqa: S105
_VARYING = re.compile(
    f"(?P<uuid>{_UUID})|(?P<instant>{_INSTANT})|(?P<date>{_DATE})"
    f"|(?P<number>{_MICROSECONDS})|(?P<token>{_TOKEN})",
    re.ASCII,
)
_SECRET = re.compile(r'"(?:key|secret)": ?"((?:dl_|whsec_)[^"]+)"')
_PREFIX_LENGTH = 11
_SIGNATURE_BYTES = 12
_SLACK_SECONDS = 2.0
# Instants this far after the run are masked: previews last a week, old secrets an hour.
_LASTING_SECONDS = (0, 3_600, 7 * 86_400)
_DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


class Normalizer:
    """Normalizes the rows of one recording, in their order."""

    def __init__(self, began: float, ended: float) -> None:
        """Mask values created between two instants, in seconds since 1970."""
        self._began = began - _SLACK_SECONDS
        self._ended = ended + _SLACK_SECONDS
        self._ids: dict[str, str] = {}
        self._label, self._new_ids = "", 0
        self._secrets: dict[str, str] = {}
        self._tags: set[str] = set()

    def normalize(self, row: Row) -> Row:
        """Return label, status, headers as a list of pairs, and body as text."""
        self._label, self._new_ids = row["label"], 0
        headers = [(name, value) for name, value in row["headers"]]
        raw = decode(row["body"])
        body, is_masked = self._normalize_body(row, raw, dict(_lower_names(headers)))
        normal = [
            (name, self._normalize_header(name.lower(), value, len(raw), is_masked))
            for name, value in headers
        ]
        return {"label": row["label"], "status": row["status"], "headers": normal, "body": body}

    def mask(self, text: str) -> str:
        """Return a text without values created during the run."""
        for secret in _SECRET.findall(text):
            name = self._secrets.setdefault(secret, f"<secret {len(self._secrets) + 1}>")
            self._secrets.setdefault(secret[:_PREFIX_LENGTH], f"<prefix of {name}>")
        for secret, name in self._secrets.items():
            text = text.replace(secret, name)
        return _VARYING.sub(self._mask_match, text)

    def _normalize_body(self, row: Row, raw: bytes, headers: dict[str, str]) -> tuple[str, bool]:
        if raw.startswith(b"# HELP"):
            # Counts and times; the counted values stay.
            lines = raw.decode().splitlines()
            return "\n".join(line for line in lines if line.startswith("#")), True
        decoder = _DECODERS.get(headers.get("content-encoding", ""), bytes)
        text = decoder(raw).decode("utf-8", "surrogateescape") if raw else ""
        masked = self.mask(text)
        if masked != text:
            return masked, True
        # The exact bytes must be equal, including the compressed form.
        return (text if decoder is bytes else base64.b64encode(raw).decode()), False

    def _normalize_header(self, name: str, value: str, length: int, is_masked: bool) -> str:
        if name == "date":
            return "<date>" if self._is_now(parsedate_to_datetime(value)) else value
        if name == "etag" and not value.startswith('"v'):
            if is_masked:
                self._tags.add(value)
            return "<tag>" if value in self._tags else value
        if name == "content-length" and is_masked and value == str(length):
            return "<length>"
        return self.mask(value)

    def _mask_match(self, match: re.Match[str]) -> str:
        text = match.group()
        if match["uuid"]:
            return self._mask_id(text)
        if match["instant"]:
            return "<instant>" if self._is_now(datetime.fromisoformat(text)) else text
        if match["date"]:
            return "<instant>" if self._is_now(parsedate_to_datetime(text)) else text
        if match["number"]:
            return "<microseconds>" if self._is_within(int(text) / 1e6) else text
        return self._mask_token(text)

    def _mask_id(self, text: str) -> str:
        if not self._is_within(_milliseconds(text) / 1e3):
            return text
        # Named by the first occurrence, so that another response changes no other name.
        if text not in self._ids:
            self._new_ids += 1
            self._ids[text] = f"<id {self._new_ids} of {self._label}>"
        return self._ids[text]

    def _mask_token(self, text: str) -> str:
        """Return the contents of a signed token, if it was created during the run."""
        payload = _payload(text)
        if payload is None:
            return text
        masked = self.mask(payload)
        return text if masked == payload else f"<token {masked}>"

    def _is_now(self, moment: datetime) -> bool:
        seconds = moment.astimezone(UTC).timestamp()
        return any(self._is_within(seconds - lasting) for lasting in _LASTING_SECONDS)

    def _is_within(self, seconds: float) -> bool:
        return self._began <= seconds <= self._ended


def normalize_all(rows: Iterable[Row]) -> dict[str, Row]:
    """Return the normalized rows of a recording by their labels."""
    every = list(rows)
    if not every:
        return {}
    normalizer = Normalizer(every[0]["began"], every[-1]["ended"])
    return {row["label"]: normalizer.normalize(row) for row in every}


def _lower_names(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in headers]


def _milliseconds(uuid: str) -> int:
    return int(uuid.replace("-", "")[:12], 16)


def _payload(token: str) -> str | None:
    """Return the JSON behind the signature of a token, or nothing if it has another form."""
    try:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        text = data[_SIGNATURE_BYTES:].decode()
        json.loads(text)
    except ValueError:
        return None
    return text
