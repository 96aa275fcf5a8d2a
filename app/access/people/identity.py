"""Who somebody is, by the word of the provider."""

from dataclasses import dataclass

from app.access.scopes import Scope


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whom the provider knows, by issuer and subject; without a role, `scope` is None.

    `sign_in_digest` is the hash of the state of the sign-in, which counts once. `return_to` is the
    path to which it returns.
    """

    issuer: str
    subject: str
    name: str
    scope: Scope | None
    sign_in_digest: bytes
    return_to: str
