"""Queries as people type them, understood as a value. Nothing typed is ever wrong."""

from dataclasses import dataclass, field

MOST_CHARACTERS = 500
MOST_WORDS = 32


@dataclass(frozen=True, slots=True)
class Part:
    """A word, or with several words a phrase; perhaps only in titles.

    `open` is set on a last word that may be still growing: it stands for its completions too.
    """

    words: tuple[str, ...]
    phrase: bool = False
    title: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed.

    `wanted` are alternatives joined by *and*: a story fits one part of each. `unwanted` parts
    stand in no story that fits. `reference` is an id or an address, if that is all there is.
    `text` is the query in its plain form, for `corrected` and for links.
    """

    wanted: tuple[tuple[Part, ...], ...] = ()
    unwanted: tuple[Part, ...] = ()
    reference: str | None = None
    text: str = field(default="", compare=False)

    def __bool__(self) -> bool:
        """Tell whether there is anything to look for."""
        return bool(self.wanted or self.unwanted or self.reference)


def understood(text: str) -> Typed:
    """Return what a typed query means. Never raises, whatever is typed."""
    words = text[:MOST_CHARACTERS].split()[:MOST_WORDS]
    return Typed(tuple((Part((word,)),) for word in words), text=" ".join(words))
