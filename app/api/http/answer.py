"""An answer to a reader, as a value: what a public resource returns, and what the cache stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.delivery.surrogates import EVERYTHING

JSON = "application/json"
Headers = list[tuple[bytes, bytes]]


class Facts(NamedTuple):
    """What an answer shows, how new it is, and how long and for whom it holds.

    `serial` is its position in the log. `keys` are the surrogate keys of what it shows;
    `changed_at` is when it last could have changed; `until` is when time alone changes it, where
    that is no boundary of the archive. An answer that is not `kept` is sent once and not stored;
    `varies` says that `Accept` decides its format. `narrow` are its cache dependencies, where
    `keys` are wider than this process needs. An answer that is not `shared` may be stored by no
    shared cache, not even for seconds.
    """

    serial: int
    keys: tuple[str, ...]
    changed_at: datetime | None
    until: datetime | None = None
    kept: bool = True
    varies: bool = False
    narrow: tuple[str, ...] = ()
    shared: bool = True

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Return the keys by which it is found when it is outdated."""
        return self.narrow or self.keys


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: its status, every header that is the same for all readers, its body."""

    status: int
    headers: Headers
    body: bytes
    facts: Facts


def shown_headers(keys: Sequence[str], serial: int) -> Headers:
    """Return the headers that tell caches what an answer shows, and its position in the log."""
    shown = (*keys, EVERYTHING)
    return [
        (b"surrogate-key", " ".join(shown).encode()),
        (b"cache-tag", ",".join(shown).encode()),
        (b"dateline-serial", b"%d" % serial),
    ]
