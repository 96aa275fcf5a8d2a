"""The page to which a sign-in returns: it has to be a path on this host."""

import re

_LONGEST = 2_000
# Visible ASCII without backslashes, which browsers read as slashes. A second slash at the start
# would begin the name of another host.
_LOCAL_PATH = re.compile(r"/(?!/)[!-\[\]-~]*")


def is_return_path(text: str) -> bool:
    """Tell whether a text is a path on this host. Paths of sign-in are refused: they would loop."""
    return (
        len(text) <= _LONGEST
        and _LOCAL_PATH.fullmatch(text) is not None
        and not text.startswith("/auth/")
    )
