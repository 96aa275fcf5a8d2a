"""The identity of a person, as the provider states it."""

from dataclasses import dataclass

from app.access.scopes import Scope


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at the provider, by issuer and subject; without a role, `scope` is None.

    `sign_in_digest` is the hash of the state of the sign-in, which can be completed only once.
    `return_to` is the path to which the browser returns.
    """

    issuer: str
    subject: str
    name: str
    scope: Scope | None
    sign_in_digest: bytes
    return_to: str
