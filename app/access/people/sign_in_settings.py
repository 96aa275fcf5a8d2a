"""The settings of sign-in by OpenID Connect."""

import re
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from app.access.people.roles import parse_role_mapping

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_VISIBLE = re.compile(r"[!-~]+")


class SignInSettings(BaseSettings):
    """The part of the settings that is about the OpenID provider."""

    oidc_issuer: str | None = Field(
        default=None,
        max_length=500,
        description="The address of the OpenID provider where people sign in, exactly as it names "
        "itself: https://login.example. Without it, only keys give access.",
    )
    oidc_client_id: str | None = Field(
        default=None,
        validate_default=True,
        min_length=1,
        max_length=500,
        description="The name under which this deployment is registered with the provider.",
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None,
        description="The secret of this registration; a public client has none.",
    )
    oidc_roles: str | None = Field(
        default=None,
        validate_default=True,
        description="The claim that has the roles of people, and the scope that each gives, as "
        'JSON: {"groups": {"editors": "publish", "admins": "admin"}}.',
    )
    oidc_scopes: str = Field(
        default="openid profile",
        description="The scopes to request; some providers send roles only for a scope such as "
        "`groups`.",
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _check_issuer(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        is_loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
        if (parts.scheme != "https" and not is_loopback) or not parts.hostname:
            raise ValueError("give an address that begins with https://, as the provider names it")
        if parts.query or parts.fragment or "@" in parts.netloc or not _VISIBLE.fullmatch(value):
            raise ValueError("give the address alone, without user, query or fragment")
        return value

    @field_validator("oidc_client_id", "oidc_roles")
    @classmethod
    def _check_completeness(cls, value: str | None, others: ValidationInfo) -> str | None:
        if value is None and others.data.get("oidc_issuer") is not None:
            raise ValueError("DATELINE_OIDC_ISSUER is set; set this, too")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _check_roles(cls, value: str | None) -> str | None:
        if value is not None:
            parse_role_mapping(value)
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _check_scopes(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("give scopes with spaces; `openid` has to be one of them")
        return value
