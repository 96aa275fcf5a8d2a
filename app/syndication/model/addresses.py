"""Absolute URLs for feeds and stories, independent of the request."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from app.kit.uri import to_uri


@dataclass(frozen=True, slots=True)
class Addresses:
    """This API's base URL, and the URL pattern of the pages where people read stories."""

    own: str
    stories: str | None = None

    @property
    def home(self) -> str:
        """Return the front page of the site with the stories."""
        if self.stories is None:
            return f"{self.own}/"
        parts = urlsplit(self.stories)
        return to_uri(f"{parts.scheme}://{parts.netloc}/")

    def story(self, id_: str, slug: str, url: str | None) -> str:
        """Return the page of a story: on the site, else at its publisher, else in this API."""
        if self.stories is not None:
            filled = self.stories.replace("{slug}", quote(slug, safe="")).replace("{id}", id_)
            return to_uri(filled)
        return to_uri(url) if url else f"{self.own}/v1/articles/{quote(slug)}"

    def here(self, path: str) -> str:
        """Return the absolute URL of a path of this API."""
        return f"{self.own}{path}"
