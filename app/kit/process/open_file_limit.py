"""The limit of open files of the process, which also limits its connections."""

import resource

# Files other than client connections: the database, the index, outgoing connections.
_MIN_RESERVE = 128


def raise_open_file_limit() -> None:
    """Raise the soft limit of open files to the hard limit, if the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        # Some systems report a hard limit that they do not allow.
        except (OSError, ValueError):
            return


def limit_connections(wanted: int) -> int:
    """Return the number of connections that the limit allows, at most `wanted`."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(1, soft - max(_MIN_RESERVE, soft // 8)))
