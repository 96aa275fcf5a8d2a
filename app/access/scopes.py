"""Scopes of keys, in order: each includes all lower ones."""

from enum import IntEnum


class Scope(IntEnum):
    """What a key may do; a higher scope includes the lower ones."""

    read = 1
    write = 2
    publish = 3
    admin = 4


def highest_scope(names: list[str]) -> Scope:
    """Return the highest of the named scopes; there must be at least one."""
    return max(map(Scope.__members__.__getitem__, names))
