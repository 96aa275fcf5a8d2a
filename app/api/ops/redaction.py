"""What may not stand in a log: tokens of preview links, and keys."""

import re

# A preview link is read by anyone who has it. Whatever comes after `/preview` and no letter is
# taken for a token, well-formed or not.
_PREVIEW = re.compile(r"(/preview)(?:[^\w-]|_).*", re.IGNORECASE | re.DOTALL)
_HIDDEN = "…"
# As they stand in any text: after the path of a link; a token by its form, which is 12 bytes and
# then the JSON of an id, in base64; a key, of which the visible prefix is left.
_SECRETS = re.compile(
    r"((?i:/preview(?:/|%2f)+))[^\s\"'<>]+"
    r"|()[A-Za-z0-9_-]{16}Ij[A-Za-z0-9_-]{20,}"
    r"|(dl_[A-Za-z0-9_-]{8})[A-Za-z0-9_-]{8,}"
)


def hide_secrets(text: str) -> str:
    """Return a text for a log, without tokens of preview links and without keys."""
    return _SECRETS.sub(lambda found: f"{found[found.lastindex or 0]}{_HIDDEN}", text)


def path_for_log(path: str) -> str:
    """Return the path of a request for a log, without tokens of preview links and without keys."""
    return hide_secrets(_PREVIEW.sub(rf"\1/{_HIDDEN}", path))
