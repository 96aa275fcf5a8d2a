"""Find the URL of an image, a video or a frame, including attributes for lazy loading."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.content.body_urls import clean_media_url, clean_srcset, parse_srcset

_PREFERRED = ("data-src", "data-lazy-src", "data-original", "data-original-src", "data-lazy",
              "data-actualsrc", "data-lazyload")  # fmt: skip
# Of scripts of some publishers, and consent tools: used if there is no other address.
_FALLBACKS = ("data-cfsrc", "data-ezsrc", "data-echo", "data-url", "data-img-src", "data-full-src",
              "data-hi-res-src", "data-large-file", "data-orig-file", "data-litespeed-src",
              "data-cookieblock-src", "data-cmp-src")  # fmt: skip
LAZY = (*_PREFERRED, *_FALLBACKS)
# The attributes with the URL of a frame, the best first.
FRAME_SOURCES = (*_PREFERRED, "src", *_FALLBACKS)
LAZY_SETS = ("data-srcset", "data-lazy-srcset", "data-original-set")
# Feed readers show one size: the largest image up to this width.
_WIDEST = 1600
# Placeholder images and tracking pixels; some of the names may also be those of pictures.
_PLACEHOLDER, _MAYBE_PLACEHOLDER = (
    re.compile(
        rf"(?:.*/)?(?:{names})[-_.]?(?:1x1|gif|img|pixel)?\.(?:gif|png|svg|webp)(?:[?#].*)?",
        re.IGNORECASE | re.DOTALL,
    )
    for names in ("1x1|blank|empty|shim|spacer|transparent", "clear|dot|pixel|trans")
)
# A script fills in the parts of such an address.
_TEMPLATE = re.compile(r"\{|%7b|\[\[", re.IGNORECASE)
_TINY_SIZES = {"0", "1", "0px", "1px"}
_NUMBER = re.compile(r"[0-9.]+")
_NONE: Mapping[str, str] = {}


class MediaSource(NamedTuple):
    """The source of an image or player: its URL, and a `srcset` for other screens, if any."""

    src: str | None
    srcset: str
    is_lazy: bool


def find_source(attributes: Mapping[str, str], others: Iterable[str] = ()) -> MediaSource:
    """Return the source of an element; `others` are `srcset`s of the `picture` around it."""
    late = find_first_url(_values(attributes, _PREFERRED))
    sets = [clean_srcset(value) for value in _values(attributes, (*LAZY_SETS, "srcset"))]
    srcset = next(filter(None, sets), "")
    is_lazy = bool(late) or any(name in attributes for name in (*LAZY_SETS, *_FALLBACKS))
    src = late or clean_image_url(attributes.get("src", ""), attributes)
    if src is None:
        src = next(filter(None, map(choose_image, (srcset, *others))), None)
    src = src or find_first_url(_values(attributes, _FALLBACKS))
    return MediaSource(src, srcset, is_lazy)


def clean_image_url(address: str, attributes: Mapping[str, str] = _NONE) -> str | None:
    """Return the URL of an image in the form to store, or `None` for a placeholder."""
    kept = clean_media_url(address)
    return None if not kept or _is_placeholder(kept, attributes) else kept


def is_visible_image(src: str | None, attributes: Mapping[str, str]) -> bool:
    """Tell whether an image with a validated URL is visible."""
    return bool(src and not _is_placeholder(src, attributes) and not is_tracking_pixel(attributes))


def _is_placeholder(src: str, attributes: Mapping[str, str]) -> bool:
    has_size = all(attributes.get(name, "0") not in _TINY_SIZES for name in ("width", "height"))
    return bool(_PLACEHOLDER.fullmatch(src) or (not has_size and _MAYBE_PLACEHOLDER.fullmatch(src)))


def is_tracking_pixel(attributes: Mapping[str, str]) -> bool:
    """Tell whether an image is too small to be visible."""
    return attributes.get("width") in _TINY_SIZES and attributes.get("height") in _TINY_SIZES


def find_first_url(addresses: Iterable[str]) -> str | None:
    """Return the first URL that may be stored, in the form to store, or `None`."""
    return next(filter(None, map(clean_media_url, addresses)), None)


def _values(attributes: Mapping[str, str], names: Iterable[str]) -> Iterable[str]:
    values = (attributes.get(name) for name in names)
    return (value for value in values if value and not _TEMPLATE.search(value))


def choose_image(srcset: str) -> str | None:
    """Return the largest image of a `srcset` up to the limit, or else the smallest."""
    sized: list[tuple[float, str]] = []
    for address, descriptor in parse_srcset(srcset):
        size = _NUMBER.match(descriptor)
        if clean_image_url(address):
            sized.append((float(size[0]) if size else 1.0, address))
    small = [candidate for candidate in sized if candidate[0] <= _WIDEST]
    return max(small)[1] if small else min(sized)[1] if sized else None
