"""The roles of people: the claim of the provider that has them, and the scope of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.access.scopes import Scope
from app.kit import json

_FORM = """give JSON such as {"groups": {"editors": "publish", "desk-admins": "admin"}}"""


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """A claim, and the scope that each of its values gives."""

    claim: str
    scopes: Mapping[str, Scope]

    def has_roles(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether claims contain the claim of the roles."""
        return self._find_claim(claims) is not None

    def find_scope(self, claims: Mapping[str, Any]) -> Scope | None:
        """Return the highest scope that the roles in claims give, or None."""
        roles = _list_roles(self._find_claim(claims))
        return max((self.scopes[role] for role in roles if role in self.scopes), default=None)

    def _find_claim(self, claims: Mapping[str, Any]) -> Any:
        """Return the value of the claim.

        A dot selects a member of an object, unless a claim has the whole name.
        """
        if self.claim in claims:
            return claims[self.claim]
        value: Any = claims
        for name in self.claim.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value


def parse_role_mapping(text: str) -> RoleMapping:
    """Parse a mapping of roles; raise `ValueError` that says which form it has."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(_FORM) from None
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f"{_FORM}, with one claim")
    ((claim, scopes),) = value.items()
    if not claim or not isinstance(scopes, dict) or not scopes:
        raise ValueError(f"{_FORM}, with one role or more")
    for role, scope in scopes.items():
        if not isinstance(scope, str) or scope not in Scope.__members__:
            names = ", ".join(Scope.__members__)
            raise ValueError(f"the role {role!r} has the scope {scope!r}; scopes are {names}")
    return RoleMapping(claim, {role: Scope[scope] for role, scope in scopes.items()})


def _list_roles(value: Any) -> Iterable[str]:
    """Return the roles in a claim: a text, a list of texts, or the names of an object."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | dict):
        return [role for role in value if isinstance(role, str)]
    return []
