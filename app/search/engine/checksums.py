"""Checksums of the engine's files.

The engine never verifies them itself. A file is its content, a JSON footer with the checksum, the
length of the footer, and a magic number.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

from app.kit import json

_END = struct.Struct("<II")
_MARK = 1337
_READ_AT_ONCE = 1 << 20


def has_valid_checksum(path: Path) -> bool:
    """Tell whether the content of a file matches its checksum."""
    size = path.stat().st_size
    if size < _END.size:
        return False
    with path.open("rb") as file:
        file.seek(size - _END.size)
        length, mark = _END.unpack(file.read())
        start = size - _END.size - length
        if mark != _MARK or start < 0:
            return False
        file.seek(start)
        expected = _read_checksum(file.read(length))
        file.seek(0)
        return expected == _compute_checksum(file.read, start)


def _read_checksum(footer: bytes) -> int | None:
    try:
        content = json.loads(footer)
    except json.JSONDecodeError:
        return None
    return content.get("crc") if isinstance(content, dict) else None


def _compute_checksum(read: Callable[[int], bytes], length: int) -> int:
    total = 0
    while length > 0 and (part := read(min(length, _READ_AT_ONCE))):
        total = crc32(part, total)
        length -= len(part)
    return total
