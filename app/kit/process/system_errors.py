"""Messages for errors of the operating system, with remedies."""

import errno

_FULL = "Free some space, or choose another disk."
_REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: "Choose a folder that may be written to.",
    errno.EACCES: "Give this user access to it, or choose another place.",
    errno.EPERM: "Give this user access to it, or choose another place.",
    errno.ENOENT: "Check the name, and that its folder exists.",
    errno.EMFILE: "Raise the limit of open files (`ulimit -n`).",
}


def describe_os_error(error: OSError) -> str:
    """Return a sentence for an error, with a remedy if one is known."""
    reason = error.strerror or str(error)
    return " ".join(filter(None, (f"{reason}.", _REMEDIES.get(error.errno or 0))))
