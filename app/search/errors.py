"""What can go wrong with an index."""

import errno
import re

from app.kit.errors import Failure

# What a system says that has no room, no more open files, or lets nobody write: it tells nothing
# of the files that are there.
_OF_THE_SYSTEM = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ENOLCK),
    }
)
# The engine hands on what the system raised as text, in one of two forms.
_ERROR_NUMBER = re.compile(r"(?:\(os error |Os \{ code: )(\d+)")
# The engine's words for another writer, and for one that ended before.
_BUSY = re.compile("LockBusy|was killed")


class IndexUnusable(Failure):
    """The index is missing, broken, of another version, or cannot be written to."""

    code = "index_unusable"


class IndexUnavailable(IndexUnusable):
    """The system does not let the index be read or written now; what is there may be whole."""


def unusable(detail: str, wrong: BaseException) -> IndexUnusable:
    """Return the failure for what the system or the engine raised."""
    kind = IndexUnavailable if _is_of_the_system(wrong) else IndexUnusable
    return kind(detail)


def _is_of_the_system(wrong: BaseException) -> bool:
    if isinstance(wrong, OSError) and wrong.errno in _OF_THE_SYSTEM:
        return True
    text = str(wrong)
    number = _ERROR_NUMBER.search(text)
    if number is not None:
        return int(number[1]) in _OF_THE_SYSTEM
    return _BUSY.search(text) is not None
