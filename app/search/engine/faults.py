"""What the engine raises, in our own words: a broken index is one that is to be built anew."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.search.errors import IndexUnusable

# Raised where the engine found itself in a state that it holds to be impossible, as in files
# that were overwritten. It is no Exception, and its class has no public name.
_PANIC = "PanicException"


@contextmanager
def telling_faults() -> Iterator[None]:
    """Turn what the engine raises over broken files into `IndexUnusable`."""
    try:
        yield
    except IndexUnusable:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as wrong:
        raise IndexUnusable(f"The index is broken: {wrong}.") from wrong
    except BaseException as wrong:
        if type(wrong).__name__ != _PANIC:
            raise
        raise IndexUnusable("The index is broken.") from wrong
