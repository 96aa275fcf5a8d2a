"""Translate the engine's errors: after `IndexUnusable` the index has to be rebuilt."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.search.errors import IndexUnusable, index_failure

# The engine raises this after a Rust panic, for example when files were overwritten. It is not an
# Exception, and its class has no public name.
_PANIC = "PanicException"


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn the engine's errors about its files into `IndexUnusable` or `IndexUnavailable`."""
    try:
        yield
    except IndexUnusable:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as wrong:
        raise index_failure(f"The index cannot be used: {wrong}.", wrong) from wrong
    except BaseException as wrong:
        if type(wrong).__name__ != _PANIC:
            raise
        raise index_failure(f"The index cannot be used: {wrong}.", wrong) from wrong
