"""Sanitise HTML: keep only what the allow-list names."""

import re
import threading
from typing import NamedTuple

import nh3

from app.content.allow_list import ATTRIBUTES, DROPPED, REL, TAGS, filter_value
from app.content.body_ids import keep_linked_ids
from app.content.body_urls import SCHEMES
from app.content.body_warnings import Removal
from app.content.frames import FRAME_ATTRIBUTES, filter_frame_value, replace_other_frames
from app.content.html_rewriter import HtmlRewriter
from app.content.media_sources import LAZY, LAZY_SETS, is_visible_image
from app.content.unsupported_html import NAMES, NAMES_DROPPED, has_unsupported_html, rename_elements

# Attributes of unsupported elements that say what they were and where their content is.
_MARKS = "aria-label class data-at data-href data-instgrm-permalink data-is data-permalink".split()
_WIDER: dict[str, set[str]] = {
    "*": {*_MARKS},
    "a": {"name"},
    "audio": {*LAZY},
    "embed": {"src", *LAZY},
    "iframe": {"height", "src", "width", *LAZY},
    "img": {*LAZY, *LAZY_SETS},
    "object": {"data"},
    "param": {"name", "value"},
    "source": {*LAZY, *LAZY_SETS},
    "video": {*LAZY},
}
_LINK = re.compile(r"<a((?: [^<>]*)?)>")
_PLAYER = re.compile(r"<(audio|video)((?: [^<>]*)?)>")
_IMAGE = re.compile(r"<img((?: [^<>]*)?)>")
_ATTRIBUTE = re.compile(r' (src|width|height)="([^"]*)"')
_OTHER_SCHEME = re.compile(
    rf"""<a\b[^<>]{{0,1000}}\shref\s*=\s*["']?\s*(?!(?:{"|".join(sorted(SCHEMES))}):)[a-z][a-z0-9+.-]*:""",
    re.IGNORECASE,
)
_OF_OTHER_SCHEME = "its address was removed, for it has a scheme that is not one of " + ", ".join(
    sorted(SCHEMES)
)


class SanitisedHtml(NamedTuple):
    """Sanitised HTML, and what was removed from it."""

    markup: str
    removals: list[Removal]


def sanitise(markup: str, frames: frozenset[str] = frozenset()) -> SanitisedHtml:
    """Return HTML with only what the allow-list names; relative URLs stay relative.

    `frames` are the hosts that may be shown in frames; other frames become links.
    """
    if not has_unsupported_html(markup):
        clean = _apply_allow_list(markup)
        if _are_images_visible(clean):
            return SanitisedHtml(keep_linked_ids(clean), _find_lost_urls(markup, clean))
    meant, removals = rename_elements(markup)
    rewritten = HtmlRewriter(removals, frames).rewrite(_cleaners.wide.clean(meant))
    clean = _apply_allow_list(rewritten, frames)
    return SanitisedHtml(keep_linked_ids(clean), removals + _find_lost_urls(markup, clean))


def _apply_allow_list(markup: str, frames: frozenset[str] = frozenset()) -> str:
    """Sanitise HTML by the allow-list, and complete all links and players."""
    if frames and "<iframe" in markup:
        framed = _cleaners.framed or _cleaners.with_frames()
        clean = _LINK.sub(_add_rel, replace_other_frames(framed.clean(markup), frames))
    elif "rel=" in markup:
        clean = _LINK.sub(_add_rel, _cleaners.of_related.clean(markup))
    else:
        clean = _cleaners.narrow.clean(markup)
    if "<audio" in clean or "<video" in clean:
        clean = _PLAYER.sub(_add_controls, clean)
    return clean


def _find_lost_urls(markup: str, clean: str) -> list[Removal]:
    if clean.count(' href="') >= markup.count("href"):
        return []
    return [
        Removal("a", _OF_OTHER_SCHEME, "address_removed", found.start())
        for found in _OTHER_SCHEME.finditer(markup)
    ]


def _are_images_visible(clean: str) -> bool:
    """Tell whether every image is visible."""
    if "<picture" in clean:
        inside = (part.partition("</picture>")[0] for part in clean.split("<picture")[1:])
        if not all("<img" in part for part in inside):
            return False
    return "<img" not in clean or all(map(_is_seen, _IMAGE.findall(clean)))


def _is_seen(written: str) -> bool:
    attributes = dict(_ATTRIBUTE.findall(written))
    src = attributes.get("src", "")
    return not src.lower().startswith(("#", "mailto:", "tel:")) and is_visible_image(
        src, attributes
    )


def _add_rel(link: re.Match[str]) -> str:
    return link[0] if ' rel="' in link[1] else f'<a{link[1]} rel="{" ".join(REL)}">'


def _add_controls(player: re.Match[str]) -> str:
    if ' controls="' in player[2]:
        return player[0]
    return f'<{player[1]} controls=""{player[2]}>'


class _Cleaners(threading.local):
    """The sanitisers of a thread: creating one costs more than using it."""

    def __init__(self) -> None:
        # Most bodies have no `rel` attributes; then the sanitiser adds them.
        self.narrow = nh3.Cleaner(
            tags=TAGS,
            attributes={**ATTRIBUTES, "a": ATTRIBUTES["a"] - {"rel"}},
            clean_content_tags=DROPPED,
            url_schemes=SCHEMES,
            link_rel=" ".join(REL),
            attribute_filter=filter_value,
        )
        self.with_rel = nh3.Cleaner(
            tags=TAGS,
            attributes=ATTRIBUTES,
            clean_content_tags=DROPPED,
            url_schemes=SCHEMES,
            link_rel=None,
            attribute_filter=filter_value,
        )
        self.with_iframes: nh3.Cleaner | None = None
        names = ATTRIBUTES.keys() | _WIDER.keys()
        self.wide = nh3.Cleaner(
            tags=TAGS | NAMES,
            attributes={
                name: ATTRIBUTES.get(name, set()) | _WIDER.get(name, set()) for name in names
            },
            clean_content_tags=NAMES_DROPPED,
            url_schemes=SCHEMES,
            link_rel=None,
        )

    def create_with_iframes(self) -> nh3.Cleaner:
        """Create the sanitiser for bodies with frames, which few deployments need."""
        self.with_iframes = nh3.Cleaner(
            tags=TAGS | {"iframe"},
            attributes={**ATTRIBUTES, "iframe": FRAME_ATTRIBUTES},
            clean_content_tags=DROPPED - {"iframe"},
            url_schemes=SCHEMES,
            link_rel=None,
            attribute_filter=filter_frame_value,
        )
        return self.with_iframes


_cleaners = _Cleaners()
