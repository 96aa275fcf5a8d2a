"""Redaction of logs: tokens of preview links and feeds, and API keys."""

import re

# A preview link gives access to anyone who has it. Whatever follows `/preview` and a character that
# is no letter is treated as a token, also if it is malformed.
_PREVIEW = re.compile(r"(/preview)(?:[^\w-]|_).*", re.IGNORECASE | re.DOTALL)
_REDACTED = "…"
# Secrets in any text: after the path of a preview link; a token, which is base64 of 12 bytes and
# the JSON of an id; an API key, or the token of a feed or a
# session, of which the start stays.
_SECRETS = re.compile(
    r"((?i:/preview(?:/|%2f)+))[^\s\"'<>]+"
    r"|()[A-Za-z0-9_-]{16}Ij[A-Za-z0-9_-]{20,}"
    r"|(dl[fs]?_[A-Za-z0-9_-]{8})[A-Za-z0-9_-]{8,}"
)


def hide_secrets(text: str) -> str:
    """Remove tokens of preview links and feeds, and API keys, from a text for a log."""
    return _SECRETS.sub(lambda found: f"{found[found.lastindex or 0]}{_REDACTED}", text)


def path_for_log(path: str) -> str:
    """Remove tokens of preview links and feeds, and API keys, from the path of a request."""
    return hide_secrets(_PREVIEW.sub(rf"\1/{_REDACTED}", path))
