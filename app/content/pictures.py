"""Find the URL of an image, a video or a frame, including attributes for lazy loading."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.content.addressing import candidates, checked_file, checked_srcset

LAZY = ("data-src", "data-lazy-src", "data-original", "data-original-src", "data-lazy",
        "data-actualsrc")  # fmt: skip
LAZY_SETS = ("data-srcset", "data-lazy-srcset", "data-original-set")
# Feed readers show one size: the largest image up to this width.
_WIDEST = 1600
# Placeholder images and tracking pixels.
_NOTHING = re.compile(
    r"(?:.*/)?(?:1x1|blank|clear|dot|empty|pixel|shim|spacer|trans|transparent)"
    r"[-_.]?(?:1x1|gif|img|pixel)?\.(?:gif|png|svg|webp)(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_DOT = {"0", "1", "0px", "1px"}
_NUMBER = re.compile(r"[0-9.]+")


class Shown(NamedTuple):
    """The source of an image or player: its URL, and a `srcset` for other screens, if any."""

    src: str | None
    srcset: str
    is_lazy: bool


def shown(attributes: Mapping[str, str], others: Iterable[str] = ()) -> Shown:
    """Return the source of an element; `others` are `srcset`s of the `picture` around it."""
    late = next(filter(None, map(checked_file, _values(attributes, LAZY))), None)
    sets = [checked_srcset(value) for value in _values(attributes, (*LAZY_SETS, "srcset"))]
    srcset = next(filter(None, sets), "")
    is_lazy = bool(late) or any(name in attributes for name in LAZY_SETS)
    src = late or usable(attributes.get("src", ""))
    if src is None:
        src = next(filter(None, map(one_of, (srcset, *others))), None)
    return Shown(src, srcset, is_lazy)


def usable(address: str) -> str | None:
    """Return the URL of an image in the form to store, or `None` for a placeholder."""
    kept = checked_file(address)
    return None if not kept or _NOTHING.fullmatch(kept) else kept


def is_seen(src: str | None, attributes: Mapping[str, str]) -> bool:
    """Tell whether an image with a validated URL is visible."""
    return bool(src) and not _NOTHING.fullmatch(src or "") and not is_dot(attributes)


def is_dot(attributes: Mapping[str, str]) -> bool:
    """Tell whether an image is too small to be visible."""
    return attributes.get("width") in _DOT and attributes.get("height") in _DOT


def _values(attributes: Mapping[str, str], names: Iterable[str]) -> Iterable[str]:
    return (attributes[name] for name in names if attributes.get(name))


def one_of(srcset: str) -> str | None:
    """Return the largest image of a `srcset` up to the limit, or else the smallest."""
    sized: list[tuple[float, str]] = []
    for address, descriptor in candidates(srcset):
        size = _NUMBER.match(descriptor)
        if usable(address):
            sized.append((float(size[0]) if size else 1.0, address))
    small = [candidate for candidate in sized if candidate[0] <= _WIDEST]
    return max(small)[1] if small else min(sized)[1] if sized else None
