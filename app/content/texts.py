"""Compute the texts of bodies before the transaction that stores or publishes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import quote

from app.content.article import Article, is_current
from app.content.bounds import check_relative
from app.content.inputs import BodyFormat
from app.content.text import Text, text_of
from app.kit.precomputation import ComputedValues
from app.kit.uri import to_uri

# The cost of a character, relative to HTML: the slowest Markdown that is accepted.
_COST = {"html": 1, "text": 1, "markdown": 20}
# The cost of resolving a URL inside a transaction, in characters of HTML.
_COST_OF_ADDRESS = 10


@dataclass(frozen=True, slots=True)
class BodyText:
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

    def compute(self) -> Text:
        """Compute the text, or raise `OutOfBounds`."""
        options = {"frames": self.frames} if self.frames else {}
        return text_of(self.body, self.body_format, is_clean=self.is_clean, **options)


@dataclass(frozen=True, slots=True)
class ResolvedText:
    """The computation that resolves the relative URLs of a text."""

    text: Text = field(repr=False)
    base: str

    @property
    def cost(self) -> int:
        """The maximum cost of the computation."""
        return self.text.relative * _COST_OF_ADDRESS

    def compute(self) -> Text:
        """Compute the resolved text, or raise `OutOfBounds`."""
        return self.text.resolved(self.base)


def prepare_body(document: Mapping[str, Any], frames: frozenset[str]) -> ComputedValues[Text]:
    """Compute the text of the body in a request, if it has a body and a format.

    `frames` are the hosts that may be shown in frames. The document may be invalid; it is
    validated later.
    """
    texts: ComputedValues[Text] = ComputedValues(frames)
    body, form = document.get("body"), document.get("body_format")
    if isinstance(body, str) and form in get_args(BodyFormat):
        texts.precompute([sent_body(texts, body, str(form))])
    return texts


def sent_body(texts: ComputedValues[Text], body: str, body_format: str) -> BodyText:
    """Return the computation for a body as it was sent."""
    return BodyText(body, body_format, frames=texts.options)


def stored_text(texts: ComputedValues[Text], body: BodyText, base: str | None) -> str:
    """Return a new body in the form to store: HTML sanitised and resolved, other formats as sent.

    Its text is kept for the publication of the story.
    """
    text = texts.get(body)
    if body.body_format != "html":
        return body.body
    text = _resolved(texts, text, base)
    texts.known[_clean(text.markup, texts.options)] = text
    return text.markup


def need_texts(texts: ComputedValues[Text], articles: Iterable[Article]) -> None:
    """Make sure that the texts of these stories are computed, all of them together."""
    texts.require([_stored(article, texts.options) for article in articles])


def public_text(texts: ComputedValues[Text], article: Article) -> Text:
    """Return the text of a story for publication; formats resolve its remaining relative URLs."""
    text = _resolved(texts, texts.get(_stored(article, texts.options)), article.body_base)
    check_relative(text.relative, to_uri(article.url) if article.url else quote(article.slug))
    return text


def warnings_of(texts: ComputedValues[Text], article: Article) -> list[dict[str, str]]:
    """Return the warnings about the body of a story, if it was written in this unit of work."""
    stored = _stored(article, texts.options)
    if article.body_format == "markdown" and is_current(article) and article.deleted_at is None:
        # Publication needs the text in any case.
        texts.require([stored])
    text = texts.known.get(stored)
    if not isinstance(text, Text) or not text.warnings:
        return []
    return [
        {"pointer": "#/body", "code": warning.code, "detail": warning.detail}
        for warning in text.warnings
    ]


def text_now(article: Article, frames: frozenset[str] = frozenset()) -> Text:
    """Compute the text of a story where no transaction waits for it."""
    return _stored(article, frames).compute().resolved(article.body_base)


def _stored(article: Article, frames: frozenset[str]) -> BodyText:
    if article.body_format == "html":
        return _clean(article.body, frames)
    return BodyText(article.body, article.body_format, frames=frames)


def _clean(markup: str, frames: frozenset[str]) -> BodyText:
    return BodyText(markup, "html", is_clean=True, frames=frames)


def _resolved(texts: ComputedValues[Text], text: Text, base: str | None) -> Text:
    if base is None or not text.relative:
        return text
    return texts.get(ResolvedText(text, base))
