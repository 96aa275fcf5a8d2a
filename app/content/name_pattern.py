"""Find and replace a person's name in texts and in values of rows."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.content.article import Article
from app.kit.errors import InvalidInput

# Not longer than any accepted name, so that a text cannot exceed its limits.
REPLACEMENT = "[…]"
_SPACE = r"(?:\s|&nbsp;)+"
# The separators in URLs and slugs.
_JOINED = r"(?:\s|&nbsp;|%20|[-+_.])+"
_FACTS = frozenset({"author", "tag", "label"})


class NamePattern:
    """The search pattern of a name: whole words, ignoring case."""

    def __init__(self, name: str) -> None:
        """Build the pattern; a name has at least three letters."""
        words = [re.escape(word) for word in name.split()]
        if sum(map(len, name.split())) < len(REPLACEMENT):
            raise InvalidInput("A name that is erased has three letters or more.")
        self._pattern = _match_words(_SPACE.join(words))
        self._anywhere = _match_words(_JOINED.join(words))

    def is_in(self, text: str) -> bool:
        """Tell whether a text has the name, or a URL or slug derived from it."""
        return self._anywhere.search(text) is not None

    def erase(self, value: Any) -> Any:
        """Return a value without the name.

        An author, tag or label that is exactly the name is removed. In log rows they stay, because
        followers with a filter for that author must learn what became of the story.
        """
        match value:
            case str():
                return self._pattern.sub(REPLACEMENT, value)
            case bytes():
                return self._erase_bytes(value)
            case list():
                return [self.erase(item) for item in value if not self._is_named(item)]
            case dict():
                return dict(self._erase_members(value))
            case _:
                return value

    def erase_from(self, article: Article) -> Article:
        """Return an article without the name; its slug stays."""
        fields = {name: self.erase(getattr(article, name)) for name in _TEXTS}
        return replace(article, **fields)

    def _erase_members(self, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for key, item in value.items():
            if self._is_kept(key, item):
                yield key, self.erase(item)
            elif key == "label":
                # In a row without it, the story had no labels.
                yield key, None

    def _erase_bytes(self, value: bytes) -> bytes:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return value
        return self._pattern.sub(REPLACEMENT, text).encode()

    def _is_named(self, value: Any) -> bool:
        named = value.get("name") if isinstance(value, dict) else value
        return isinstance(named, str) and self._pattern.fullmatch(named) is not None

    def _is_kept(self, key: str, value: Any) -> bool:
        return key not in _FACTS or not isinstance(value, list) or self.erase(value) == value


_TEXTS = (
    *("title", "summary", "body", "tags", "labels", "authors", "image", "rights", "corrections"),
    *("dateline", "notice"),
)


def _match_words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE)
