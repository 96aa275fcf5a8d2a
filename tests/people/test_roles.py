"""The mapping of roles to scopes, and the settings of sign-in."""

import json
from typing import Any

import pytest

from app.access.people.roles import parse_role_mapping
from app.access.scopes import Scope
from app.kit.errors import Misconfigured
from app.settings import read_settings

_SCOPES = {"reporters": "write", "editors": "publish"}


@pytest.mark.parametrize(
    ("claim", "claims", "scope"),
    [
        ("groups", {"groups": ["editors", "reporters", "others"]}, Scope.publish),
        ("groups", {"groups": "reporters"}, Scope.write),
        ("groups", {"groups": {"editors": {"id": "1"}}}, Scope.publish),
        ("groups", {"groups": ["others", 1, None, ["editors"]]}, None),
        ("groups", {"groups": 1}, None),
        ("groups", {}, None),
        ("realm_access.roles", {"realm_access": {"roles": ["editors"]}}, Scope.publish),
        ("realm_access.roles", {"realm_access": ["editors"]}, None),
        ("https://news.example/roles", {"https://news.example/roles": ["reporters"]}, Scope.write),
    ],
)
def test_the_highest_role_counts(claim: str, claims: dict[str, Any], scope: Scope | None) -> None:
    assert parse_role_mapping(json.dumps({claim: _SCOPES})).find_scope(claims) is scope


@pytest.mark.parametrize(
    "text",
    [
        "groups=editors",
        "[]",
        "{}",
        '{"groups": {}}',
        '{"groups": ["editors"]}',
        '{"a": {"b": "read"}, "c": {"d": "read"}}',
        '{"groups": {"editors": "webhooks"}}',
        '{"groups": {"editors": ["publish"]}}',
    ],
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"give JSON such as|scopes are read, write"):
        parse_role_mapping(text)


_COMPLETE = {
    "oidc_issuer": "https://login.example",
    "oidc_client_id": "dateline",
    "oidc_roles": json.dumps({"groups": _SCOPES}),
    "public_url": "https://api.example",
    "host": "0.0.0.0",
}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"oidc_client_id": None}, "DATELINE_OIDC_CLIENT_ID: .*set this, too"),
        ({"oidc_roles": None}, "DATELINE_OIDC_ROLES: .*set this, too"),
        ({"oidc_roles": "editors"}, "DATELINE_OIDC_ROLES: .*give JSON such as"),
        ({"public_url": None}, "DATELINE_PUBLIC_URL: .*set this, too"),
        ({"oidc_issuer": "login.example"}, "begins with https://"),
        ({"oidc_issuer": "http://login.example"}, "begins with https://"),
        ({"oidc_issuer": "https://me:pass@login.example"}, "without user"),
        ({"oidc_issuer": "https://login.example/?a=b"}, "without user, query"),
        ({"oidc_scopes": "profile"}, "`openid` has to be one of them"),
    ],
)
def test_incomplete_settings_say_what_to_set(changed: dict[str, Any], words: str) -> None:
    assert read_settings(**_COMPLETE).oidc_issuer == "https://login.example"
    with pytest.raises(Misconfigured, match=words):
        read_settings(**{**_COMPLETE, **changed})
