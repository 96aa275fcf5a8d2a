"""A person's name, found and replaced in texts and in the values of rows."""

import re
from dataclasses import replace
from typing import Any

from app.content.article import Article
from app.kit.errors import InvalidInput

# Not longer than any name that is accepted, so that a text keeps within its bounds.
REPLACEMENT = "[…]"
_SPACE = r"(?:\s|&nbsp;)+"
# In addresses and slugs.
_JOINED = r"(?:\s|&nbsp;|%20|[-+_.])+"
_FACTS = frozenset({"author", "tag"})


class Name:
    """A name as it is searched for: whole words, in upper and lower case."""

    def __init__(self, name: str) -> None:
        """Take a name of three letters or more."""
        words = [re.escape(word) for word in name.split()]
        if sum(map(len, name.split())) < len(REPLACEMENT):
            raise InvalidInput("A name that is erased has three letters or more.")
        self._pattern = _words(_SPACE.join(words))
        self._anywhere = _words(_JOINED.join(words))

    def is_in(self, text: str) -> bool:
        """Tell whether a text has the name, or an address or slug that was made of it."""
        return self._anywhere.search(text) is not None

    def erased(self, value: Any) -> Any:
        """Return a value without the name.

        An author or a tag that is the name and nothing else is left out. So is what the log selects
        a story by: who followed that author hears what became of the story.
        """
        match value:
            case str():
                return self._pattern.sub(REPLACEMENT, value)
            case bytes():
                return self._erased_bytes(value)
            case list():
                return [self.erased(one) for one in value if not self._is_named(one)]
            case dict():
                return {
                    key: self.erased(one) for key, one in value.items() if self._stays(key, one)
                }
            case _:
                return value

    def erased_from(self, article: Article) -> Article:
        """Return an article without the name; its slug stays."""
        fields = {name: self.erased(getattr(article, name)) for name in _TEXTS}
        return replace(article, **fields)

    def _erased_bytes(self, value: bytes) -> bytes:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return value
        return self._pattern.sub(REPLACEMENT, text).encode()

    def _is_named(self, value: Any) -> bool:
        named = value.get("name") if isinstance(value, dict) else value
        return isinstance(named, str) and self._pattern.fullmatch(named) is not None

    def _stays(self, key: str, value: Any) -> bool:
        return key not in _FACTS or not isinstance(value, list) or self.erased(value) == value


_TEXTS = (
    *("title", "summary", "body", "tags", "authors", "image", "rights", "corrections"),
    *("dateline", "notice"),
)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE)
