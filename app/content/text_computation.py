"""Compute the texts of bodies before the transaction that stores or publishes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import quote

from app.content.article import Article, is_current
from app.content.body_limits import check_relative
from app.content.body_text import BodyText, render_text
from app.content.inputs import BodyFormat
from app.kit.precomputation import ComputedValues
from app.kit.uri import to_uri

# The cost of a character, relative to HTML: the slowest Markdown that is accepted.
_COST = {"html": 1, "text": 1, "markdown": 20}
# The cost of resolving a URL inside a transaction, in characters of HTML.
_COST_OF_ADDRESS = 10


@dataclass(frozen=True, slots=True)
class TextComputation:
    """The computation of a body's text; `is_clean` means that stored HTML was sanitised.

    `frames` are the hosts that may be shown in frames.
    """

    body: str = field(repr=False)
    body_format: str
    is_clean: bool = False
    frames: frozenset[str] = frozenset()

    @property
    def cost(self) -> int:
        """The maximum cost of the computation."""
        return len(self.body) * _COST[self.body_format]

    def compute(self) -> BodyText:
        """Compute the text, or raise `BodyLimitExceeded`."""
        options = {"frames": self.frames} if self.frames else {}
        return render_text(self.body, self.body_format, is_clean=self.is_clean, **options)


@dataclass(frozen=True, slots=True)
class ResolutionComputation:
    """The computation that resolves the relative URLs of a text."""

    text: BodyText = field(repr=False)
    base: str

    @property
    def cost(self) -> int:
        """The maximum cost of the computation."""
        return self.text.relative * _COST_OF_ADDRESS

    def compute(self) -> BodyText:
        """Compute the resolved text, or raise `BodyLimitExceeded`."""
        return self.text.resolve(self.base)


def prepare_body(document: Mapping[str, Any], frames: frozenset[str]) -> ComputedValues[BodyText]:
    """Compute the text of the body in a request, if it has a body and a format.

    `frames` are the hosts that may be shown in frames. The document may be invalid; it is
    validated later.
    """
    texts: ComputedValues[BodyText] = ComputedValues(frames)
    body, form = document.get("body"), document.get("body_format")
    if isinstance(body, str) and form in get_args(BodyFormat):
        texts.precompute([computation_for(texts, body, str(form))])
    return texts


def computation_for(
    texts: ComputedValues[BodyText], body: str, body_format: str
) -> TextComputation:
    """Return the computation for a body as it was sent."""
    return TextComputation(body, body_format, frames=texts.options)


def compute_stored_body(
    texts: ComputedValues[BodyText], body: TextComputation, base: str | None
) -> str:
    """Return a new body in the form to store: HTML sanitised and resolved, other formats as sent.

    Its text is kept for the publication of the story.
    """
    text = texts.get(body)
    if body.body_format != "html":
        return body.body
    text = _resolve(texts, text, base)
    texts.known[_plan_sanitised(text.markup, texts.options)] = text
    return text.markup


def require_texts(texts: ComputedValues[BodyText], articles: Iterable[Article]) -> None:
    """Make sure that the texts of these stories are computed, all of them together."""
    texts.require([_plan_stored(article, texts.options) for article in articles])


def get_public_text(texts: ComputedValues[BodyText], article: Article) -> BodyText:
    """Return the text of a story for publication; formats resolve its remaining relative URLs."""
    text = _resolve(texts, texts.get(_plan_stored(article, texts.options)), article.body_base)
    check_relative(text.relative, to_uri(article.url) if article.url else quote(article.slug))
    return text


def list_warnings(texts: ComputedValues[BodyText], article: Article) -> list[dict[str, str]]:
    """Return the warnings about the body of a story, if it was written in this unit of work."""
    stored = _plan_stored(article, texts.options)
    if article.body_format == "markdown" and is_current(article) and article.deleted_at is None:
        # Publication needs the text in any case.
        texts.require([stored])
    text = texts.known.get(stored)
    if not isinstance(text, BodyText) or not text.warnings:
        return []
    return [
        {"pointer": "#/body", "code": warning.code, "detail": warning.detail}
        for warning in text.warnings
    ]


def compute_text(article: Article, frames: frozenset[str] = frozenset()) -> BodyText:
    """Compute the text of a story where no transaction waits for it."""
    return _plan_stored(article, frames).compute().resolve(article.body_base)


def _plan_stored(article: Article, frames: frozenset[str]) -> TextComputation:
    if article.body_format == "html":
        return _plan_sanitised(article.body, frames)
    return TextComputation(article.body, article.body_format, frames=frames)


def _plan_sanitised(markup: str, frames: frozenset[str]) -> TextComputation:
    return TextComputation(markup, "html", is_clean=True, frames=frames)


def _resolve(texts: ComputedValues[BodyText], text: BodyText, base: str | None) -> BodyText:
    if base is None or not text.relative:
        return text
    return texts.get(ResolutionComputation(text, base))
