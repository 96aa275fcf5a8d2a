"""Sanitise HTML: keep only what the allow-list names."""

import html
import re
import threading
from typing import NamedTuple

import nh3

from app.content.allow_list import ATTRIBUTES, DROPPED, REL, TAGS, filter_value
from app.content.body_ids import keep_linked_ids
from app.content.body_urls import SCHEMES, clean_url
from app.content.body_warnings import Removal
from app.content.frames import FRAME_ATTRIBUTES, filter_frame_value, replace_other_frames
from app.content.html_rewriter import PLAYED, HtmlRewriter
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
_WHOLE_PLAYER = re.compile(r"<(audio|video)(?: [^<>]*)?>.*?</\1>", re.DOTALL)
_IMAGE = re.compile(r"<img((?: [^<>]*)?)>")
_ATTRIBUTE = re.compile(r' (src|width|height)="([^"]*)"')
_ADDRESS = re.compile(
    r"""<a\b[^<>]{0,1000}?\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""", re.IGNORECASE
)
_OF_OTHER_SCHEME = "its address was removed, for it has a scheme that is not one of " + ", ".join(
    sorted(SCHEMES)
)
_WITHOUT_HOST = "its address was removed, for it has no valid host"


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
        if _is_media_usable(clean):
            return SanitisedHtml(keep_linked_ids(clean), _find_lost_urls(markup))
    meant, removals = rename_elements(markup)
    rewritten = HtmlRewriter(removals, frames).rewrite(_cleaners.wide.clean(meant))
    clean = _apply_allow_list(rewritten, frames)
    if not _is_media_usable(clean):
        # Where elements were nested wrongly, a parser may move an image out of its `picture`.
        clean = _apply_allow_list(HtmlRewriter([], frames).rewrite(clean), frames)
    return SanitisedHtml(keep_linked_ids(clean), removals + _find_lost_urls(markup))


def _apply_allow_list(markup: str, frames: frozenset[str] = frozenset()) -> str:
    """Sanitise HTML by the allow-list, and complete all links and players."""
    if frames and "<iframe" in markup:
        framed = _cleaners.with_iframes or _cleaners.create_with_iframes()
        clean = _LINK.sub(_add_rel, replace_other_frames(framed.clean(markup), frames))
    elif "rel=" in markup:
        clean = _LINK.sub(_add_rel, _cleaners.with_rel.clean(markup))
    else:
        clean = _cleaners.narrow.clean(markup)
    if "<audio" in clean or "<video" in clean:
        clean = _PLAYER.sub(_add_controls, clean)
    return clean


def _find_lost_urls(markup: str) -> list[Removal]:
    lost: list[Removal] = []
    for found in _ADDRESS.finditer(markup):
        address = html.unescape(found[1] or found[2] or found[3] or "").strip().lower()
        if clean_url(address) is None:
            is_web = address.startswith(("http:", "https:", "/", "\\"))
            what = _WITHOUT_HOST if is_web else _OF_OTHER_SCHEME
            lost.append(Removal("a", what, "address_removed", found.start()))
    return lost


def _is_media_usable(clean: str) -> bool:
    """Tell whether every image is visible, and every player has an address."""
    if "<picture" in clean:
        inside = (part.partition("</picture>")[0] for part in clean.split("<picture")[1:])
        if not all("<img" in part for part in inside):
            return False
    if "<audio" in clean or "<video" in clean:
        players = (player[0] for player in _WHOLE_PLAYER.finditer(clean))
        if not all(map(PLAYED.search, players)):
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
