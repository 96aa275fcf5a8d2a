"""Errors of the search index."""

import errno
import re

from app.kit.errors import Failure

# Errors that say nothing about the index files: no space, no file handles, no permission.
_SYSTEM_ERRORS = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ENOLCK),
    }
)
# The engine reports system errors as text, in one of two forms.
_ERROR_NUMBER = re.compile(r"(?:\(os error |Os \{ code: )(\d+)")
# The engine's messages for a second writer and for a writer that ended.
_BUSY = re.compile("LockBusy|was killed")


class IndexUnusable(Failure):
    """The index is missing, broken, of another version, or cannot be written to."""

    code = "index_unusable"


class IndexUnavailable(IndexUnusable):
    """The system refuses to read or write the index now; its files may be intact."""


def index_failure(detail: str, wrong: BaseException) -> IndexUnusable:
    """Return the failure for an error of the system or of the engine."""
    kind = IndexUnavailable if _is_system_error(wrong) else IndexUnusable
    return kind(detail)


def _is_system_error(wrong: BaseException) -> bool:
    if isinstance(wrong, OSError) and wrong.errno in _SYSTEM_ERRORS:
        return True
    text = str(wrong)
    number = _ERROR_NUMBER.search(text)
    if number is not None:
        return int(number[1]) in _SYSTEM_ERRORS
    return _BUSY.search(text) is not None
