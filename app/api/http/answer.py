"""An answer to a reader, as a value: what a public resource returns, and what the cache stores."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from app.delivery.surrogates import EVERYTHING
from app.kit.bounded import entries_within

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
    def hangs_on(self) -> tuple[str, ...]:
        """Return the keys by which it is found when it is outdated."""
        return self.narrow or self.keys

    def is_over(self, now: datetime) -> bool:
        """Tell whether time has changed the answer since it was made."""
        return self.until is not None and self.until <= now

    def fields(self) -> Headers:
        """Return the headers that tell caches what the answer shows, and the log position."""
        return [*_key_fields(self.keys), (b"dateline-serial", b"%d" % self.serial)]


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: its status, every header that is the same for all readers, its body."""

    status: int
    headers: Headers
    body: bytes
    facts: Facts


def _key_fields(keys: tuple[str, ...]) -> Headers:
    """Return the headers that say what an answer shows; of most lists they are the same."""
    return (_known_fields if len(keys) <= _FEW_KEYS else _made_fields)(keys)


def _made_fields(keys: tuple[str, ...]) -> Headers:
    shown = (*keys, EVERYTHING)
    return [
        (b"surrogate-key", " ".join(shown).encode()),
        (b"cache-tag", ",".join(shown).encode()),
    ]


# Of so many keys, each as long as two ids, headers are remembered.
_FEW_KEYS = 4
_known_fields = lru_cache(entries_within(2**20, 2 * _FEW_KEYS * 80))(_made_fields)
