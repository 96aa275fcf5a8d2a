"""Find the URL of an image, a video or a frame, including attributes for lazy loading."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.content.body_urls import clean_media_url, clean_srcset, parse_srcset

LAZY = ("data-src", "data-lazy-src", "data-original", "data-original-src", "data-lazy",
        "data-actualsrc")  # fmt: skip
LAZY_SETS = ("data-srcset", "data-lazy-srcset", "data-original-set")
# Feed readers show one size: the largest image up to this width.
_WIDEST = 1600
# Placeholder images and tracking pixels.
_PLACEHOLDER = re.compile(
    r"(?:.*/)?(?:1x1|blank|clear|dot|empty|pixel|shim|spacer|trans|transparent)"
    r"[-_.]?(?:1x1|gif|img|pixel)?\.(?:gif|png|svg|webp)(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_TINY_SIZES = {"0", "1", "0px", "1px"}
_NUMBER = re.compile(r"[0-9.]+")


class MediaSource(NamedTuple):
    """The source of an image or player: its URL, and a `srcset` for other screens, if any."""

    src: str | None
    srcset: str
    is_lazy: bool


def find_source(attributes: Mapping[str, str], others: Iterable[str] = ()) -> MediaSource:
    """Return the source of an element; `others` are `srcset`s of the `picture` around it."""
    late = next(filter(None, map(clean_media_url, _values(attributes, LAZY))), None)
    sets = [clean_srcset(value) for value in _values(attributes, (*LAZY_SETS, "srcset"))]
    srcset = next(filter(None, sets), "")
    is_lazy = bool(late) or any(name in attributes for name in LAZY_SETS)
    src = late or clean_image_url(attributes.get("src", ""))
    if src is None:
        src = next(filter(None, map(choose_image, (srcset, *others))), None)
    return MediaSource(src, srcset, is_lazy)


def clean_image_url(address: str) -> str | None:
    """Return the URL of an image in the form to store, or `None` for a placeholder."""
    kept = clean_media_url(address)
    return None if not kept or _PLACEHOLDER.fullmatch(kept) else kept


def is_visible_image(src: str | None, attributes: Mapping[str, str]) -> bool:
    """Tell whether an image with a validated URL is visible."""
    return bool(src) and not _PLACEHOLDER.fullmatch(src or "") and not is_tracking_pixel(attributes)


def is_tracking_pixel(attributes: Mapping[str, str]) -> bool:
    """Tell whether an image is too small to be visible."""
    return attributes.get("width") in _TINY_SIZES and attributes.get("height") in _TINY_SIZES


def _values(attributes: Mapping[str, str], names: Iterable[str]) -> Iterable[str]:
    return (attributes[name] for name in names if attributes.get(name))


def choose_image(srcset: str) -> str | None:
    """Return the largest image of a `srcset` up to the limit, or else the smallest."""
    sized: list[tuple[float, str]] = []
    for address, descriptor in parse_srcset(srcset):
        size = _NUMBER.match(descriptor)
        if clean_image_url(address):
            sized.append((float(size[0]) if size else 1.0, address))
    small = [candidate for candidate in sized if candidate[0] <= _WIDEST]
    return max(small)[1] if small else min(sized)[1] if sized else None
