"""What the engine raises, in our own words: a broken index is one that is to be built anew."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.search.errors import IndexUnusable, unusable

# Raised where the engine found itself in a state that it holds to be impossible, as in files
# that were overwritten. It is no Exception, and its class has no public name.
_PANIC = "PanicException"


@contextmanager
def telling_faults() -> Iterator[None]:
    """Turn what the engine raises over its files into `IndexUnusable`, or `IndexUnavailable`."""
    try:
        yield
    except IndexUnusable:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as wrong:
        raise unusable(f"The index cannot be used: {wrong}.", wrong) from wrong
    except BaseException as wrong:
        if type(wrong).__name__ != _PANIC:
            raise
        raise unusable(f"The index cannot be used: {wrong}.", wrong) from wrong
