"""Scopes of keys, in order: each includes all lower ones."""

from enum import IntEnum


class Scope(IntEnum):
    """What a key may do; a higher scope includes the lower ones."""

    read = 1
    write = 2
    publish = 3
    admin = 4


def highest_scope(names: list[str]) -> Scope | None:
    """Return the highest of the named scopes, or None; `webhooks` is not one of them."""
    for scope in reversed(Scope):
        if scope.name in names:
            return scope
    return None
