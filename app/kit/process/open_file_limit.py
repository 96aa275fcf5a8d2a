"""The limit of open files of this process, which limits its connections too."""

import resource

# Files that are no connections of clients: the database, the index, receivers of webhooks.
_MIN_RESERVE = 128


def raise_open_file_limit() -> None:
    """Raise this process's limit of open files to its hard limit, where the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        # Some systems report a hard limit that they do not allow.
        except (OSError, ValueError):
            return


def limit_connections(wanted: int) -> int:
    """Return how many connections may be open: as many as wanted, if the system allows that."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(1, soft - max(_MIN_RESERVE, soft // 8)))
