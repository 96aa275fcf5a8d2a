"""Whether a file of the engine holds what was written: each ends in a checksum of the rest.

The engine looks at it nowhere by itself. A file is its content, a footer in JSON with the
checksum, the length of the footer, and a number that marks the end.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

from app.kit import json

_END = struct.Struct("<II")
_MARK = 1337
_READ_AT_ONCE = 1 << 20


def is_sound(path: Path) -> bool:
    """Tell whether the content of a file is what its checksum says."""
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
        wanted = _noted(file.read(length))
        file.seek(0)
        return wanted == _summed(file.read, start)


def _noted(footer: bytes) -> int | None:
    try:
        found = json.loads(footer)
    except json.JSONDecodeError:
        return None
    return found.get("crc") if isinstance(found, dict) else None


def _summed(read: Callable[[int], bytes], length: int) -> int:
    total = 0
    while length > 0 and (part := read(min(length, _READ_AT_ONCE))):
        total = crc32(part, total)
        length -= len(part)
    return total
