"""All settings, typed and documented; read once, at the root."""

import os
import re
from functools import cache
from ssl import SSLError
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from app.access.people.sign_in_settings import LOOPBACK, SignInSettings
from app.kit.errors import Misconfigured
from app.kit.http_client import load_trusted_certificates
from app.kit.ids import normalize_slug
from app.kit.networks import Network, parse_networks
from app.kit.process.setting_variables import SERVICE_ADDRESS, SettingVariables
from app.kit.slugs import find_slug_problem
from app.kit.uri import is_host

_VISIBLE = re.compile(r"[!-~]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_ALL_INTERFACES = {"", "0.0.0.0", "::"}  # noqa: S104
_PREFIX = "DATELINE_"
_LEAST_SECRET = 32
_REMOVED = {
    "DATELINE_DESKS": "this setting was removed; every process does all the work, and "
    "DATELINE_WORKERS says how many there are",
}


@cache
def _parse_networks_cached(text: str) -> tuple[Network, ...]:
    return parse_networks(text)


def _split_list(text: str) -> frozenset[str]:
    return frozenset(host.strip().lower() for host in text.split(",") if host.strip())


def _split_lines(secrets: SecretStr | None) -> tuple[str, ...]:
    lines = () if secrets is None else secrets.get_secret_value().splitlines()
    return tuple(line for line in map(str.strip, lines) if line)


class Settings(SignInSettings):
    """The settings, each from an environment variable `DATELINE_…`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: str = Field(
        default="sqlite:///dateline.db",
        description="Where the data is: sqlite:///FILE or postgresql+psycopg://USER:PASS@HOST/NAME.",
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8000, ge=0, le=65_535, description="The port to listen on.")
    workers: int = Field(
        default=1, ge=1, le=64, description="How many processes serve on this machine."
    )
    search_path: str | None = Field(
        default=None,
        min_length=1,
        description="The folder of the search index, on this machine's own disk; without it, "
        "DATABASE.search beside an SQLite file, or in the working folder on PostgreSQL.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=_LEAST_SECRET,
        description="Signs cursors on all nodes; without it, the database's own secret does.",
    )
    secret_key_old: SecretStr | None = Field(
        default=None,
        description="Former values of DATELINE_SECRET_KEY, one a line; what they signed stays "
        "valid.",
    )
    encryption_key: SecretStr | None = Field(
        default=None,
        min_length=_LEAST_SECRET,
        description="Encrypts the secrets of webhooks in the database; without it, they are not.",
    )
    encryption_key_old: SecretStr | None = Field(
        default=None,
        description="Former values of DATELINE_ENCRYPTION_KEY, one a line; what they encrypted "
        "can be read.",
    )
    public_url: str | None = Field(
        default=None,
        validate_default=True,
        description="This API's own address, for absolute links; without it links are relative.",
    )
    story_url: str | None = Field(
        default=None,
        description="Where people read a story: https://site.example/{slug}, or with {id}.",
    )
    site_name: str = Field(
        default="Dateline",
        min_length=1,
        max_length=200,
        description="What feeds, sitemaps and partners are told that the site is called.",
    )
    allowed_hosts: str = Field(
        default="*",
        description="Host names that requests may carry, with commas; * allows any.",
    )
    frame_hosts: str = Field(
        default="",
        description="Hosts whose frames stay in bodies, with commas: youtube.com, with all hosts "
        "below it. In the place of every other frame is a link.",
    )
    anonymous: str = Field(
        default="all",
        description="What may be read without a key: all, headlines, none, or the slug of a "
        "product.",
    )
    management: bool = Field(
        default=True, description="Whether the management surface is served at all."
    )
    max_body_bytes: int = Field(
        default=8 * 1024 * 1024,
        ge=1024,
        description="The largest request body in bytes; imports are streamed and not limited.",
    )
    max_line_bytes: int = Field(
        default=8 * 1024 * 1024, ge=1024, description="The longest line of an import in bytes."
    )
    cors_origins: str = Field(
        default="*",
        description="Origins whose scripts may read the delivery surface, with commas.",
    )
    management_cors_origins: str = Field(
        default="",
        description="Origins whose scripts may use the management surface, with commas.",
    )
    busy_timeout: float = Field(
        default=5.0, gt=0, le=600, description="Seconds to wait for a lock of the database."
    )
    pool_size: int = Field(
        default=20, ge=1, le=1000, description="Connections kept open to the database."
    )
    read_seconds: float = Field(
        default=2.0,
        gt=0,
        le=3600,
        description="Seconds that a statement may take for a public answer.",
    )
    stale_seconds: float = Field(
        default=30.0,
        ge=0,
        le=600,
        description="Seconds for which answers in memory are sent while PostgreSQL is away.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe messages that are logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Log lines for people, or one JSON object a line."
    )
    worker_interval: float = Field(
        default=1.0, gt=0, le=3600, description="Seconds between looks at what is due."
    )

    purge_url: str | None = Field(
        default=None, description="Where to tell which answers a CDN has to fetch anew."
    )
    purge_method: Literal["POST", "PURGE"] = Field(
        default="POST", description="The method of the requests to DATELINE_PURGE_URL."
    )
    purge_token: SecretStr | None = Field(
        default=None, description="Sent with these requests as `Authorization: Bearer …`."
    )
    cache_bytes: int = Field(
        default=32 * 1024 * 1024,
        ge=0,
        description="Memory for finished answers, in bytes for each process; 0 keeps none.",
    )
    drain_seconds: float = Field(
        default=0.0,
        ge=0,
        le=600,
        description="Seconds for which a server that is told to end serves on, as not ready.",
    )
    max_connections: int = Field(
        default=10_000, ge=1, description="How many connections each process has at the most."
    )
    max_connections_per_address: int = Field(
        default=500, ge=1, description="How many of them one address may have."
    )
    stream_listeners: int = Field(
        default=5_000,
        ge=0,
        description="How many may listen to each process, by /v1/stream or by `wait`.",
    )
    listeners_per_address: int = Field(
        default=100, ge=1, description="How many of them may come from one address."
    )
    log_days: int = Field(
        default=30,
        ge=0,
        le=36_500,
        description="How many days the change log is kept whole for who follows it; 0: for ever.",
    )
    push_networks: str = Field(
        default="",
        description="Networks inside which webhooks and subscribers may be, with commas: "
        "10.0.0.0/8, ::1. Public addresses always may.",
    )
    ca_file: str | None = Field(
        default=None,
        description="A file (PEM) with authorities whose certificates count for webhooks, "
        "subscribers and DATELINE_PURGE_URL, beside those that everybody trusts.",
    )
    push_pause_hours: int = Field(
        default=48,
        ge=1,
        le=8_760,
        description="Hours after which a webhook that takes nothing is paused.",
    )
    push_log_days: int = Field(
        default=30, ge=1, le=3_650, description="How many days deliveries are remembered."
    )
    hub_subscriptions: int = Field(
        default=10_000,
        ge=0,
        description="How many subscriptions to feeds the WebSub hub takes; 0 turns it off.",
    )
    rate_limit: Literal["on", "off"] = Field(
        default="on",
        description="Limit how often one client, and for one host, may ask: on, or off.",
    )
    key_requests_per_minute: int = Field(
        default=60_000,
        ge=0,
        le=1_000_000_000,
        description="How many requests a minute each key or person may send; 0: any number.",
    )
    anonymous_requests_per_minute: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        description="How many requests a minute each address may send without a key; 0: any "
        "number.",
    )
    refused_keys_per_minute: int = Field(
        default=60,
        ge=0,
        le=1_000_000_000,
        description="How many unknown, expired or revoked keys a minute each address may send "
        "before the answer is 429; 0: any number.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Networks of the proxies whose DATELINE_PROXY_HEADER is trusted, with "
        "commas: 127.0.0.1, 10.0.0.0/8.",
    )
    proxy_header: str = Field(
        default="X-Forwarded-For",
        description="The header in which trusted proxies name the client's address: "
        "X-Forwarded-For or another list of addresses, or Forwarded (RFC 7239).",
    )
    key_days: int = Field(
        default=365,
        ge=0,
        le=36_500,
        description="Days after which a key with a scope above `read` expires, unless its "
        "creator chooses another time; not for keys of partners. 0: never.",
    )
    audit_days: int = Field(
        default=365,
        ge=0,
        le=36_500,
        description="How many days entries of the audit log are kept; 0: permanently.",
    )
    trash_days: int = Field(
        default=90,
        ge=0,
        le=36_500,
        description="How many days a deleted story can be restored; it is purged then. "
        "0: for ever.",
    )
    usage_days: int = Field(
        default=62,
        ge=1,
        le=36_500,
        description="How many days the days on which a story counted for a partner are kept. "
        "Totals by day, partner, key and route are kept permanently.",
    )
    access_log: Literal["all", "some"] = Field(
        default="some",
        description="Log every request, or all but those answered from memory.",
    )

    metrics: Literal["public", "operations", "off"] = Field(
        default="public",
        description="Where /metrics is: at every port, at DATELINE_OPERATIONS_PORT alone, or off.",
    )
    docs: Literal["public", "operations", "off"] = Field(
        default="public", description="The same for /docs and /openapi.json."
    )
    operations_port: int | None = Field(
        default=None,
        validate_default=True,
        ge=1,
        le=65_535,
        description="A second port, for operators: /metrics, /docs and probes, and nothing else.",
    )
    operations_host: str | None = Field(
        default=None,
        min_length=1,
        description="The address of that port; without it, DATELINE_HOST.",
    )

    @field_validator("operations_port")
    @classmethod
    def _check_operations_port(cls, value: int | None, others: ValidationInfo) -> int | None:
        if value is not None and value == others.data.get("port"):
            raise ValueError("give another port than DATELINE_PORT")
        if value is None and "operations" in (
            others.data.get(name) for name in ("metrics", "docs")
        ):
            raise ValueError("DATELINE_METRICS or DATELINE_DOCS is 'operations'; give a port")
        return value

    @field_validator("secret_key_old", "encryption_key_old")
    @classmethod
    def _check_old_secrets(cls, value: SecretStr | None) -> SecretStr | None:
        if any(len(secret) < _LEAST_SECRET for secret in _split_lines(value)):
            raise ValueError(f"give values of at least {_LEAST_SECRET} characters, one a line")
        return value

    @property
    def old_secret_keys(self) -> tuple[str, ...]:
        """The former signing secrets, which still verify."""
        return _split_lines(self.secret_key_old)

    @property
    def old_encryption_keys(self) -> tuple[str, ...]:
        """The former encryption keys, which still decrypt."""
        return _split_lines(self.encryption_key_old)

    @field_validator("port", mode="before")
    @classmethod
    def _check_port(cls, value: object) -> object:
        if isinstance(value, str) and SERVICE_ADDRESS.match(value):
            raise ValueError(
                "this is an address that Kubernetes sets for a service named 'dateline', and no "
                "port; give the pod `enableServiceLinks: false`, or set DATELINE_PORT in it"
            )
        return value

    @field_validator("public_url", "purge_url", "story_url")
    @classmethod
    def _check_scheme(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("give an address that begins with http:// or https://")
        return value

    @property
    def own_address(self) -> str:
        """This API's own URL, from the settings only: never from a request."""
        host = "localhost" if self.host in _ALL_INTERFACES else self.host
        shown = f"[{host}]" if ":" in host else host
        return self.public_url or f"http://{shown}:{self.port}"

    @field_validator("anonymous")
    @classmethod
    def _check_anonymous(cls, value: str) -> str:
        slug = normalize_slug(value)
        if find_slug_problem(slug) is not None:
            raise ValueError("give 'all', 'headlines', 'none' or the slug of a product")
        return slug

    @field_validator("story_url")
    @classmethod
    def _check_story_url(cls, value: str | None) -> str | None:
        if value is not None and "{slug}" not in value and "{id}" not in value:
            raise ValueError("say where the slug stands, as in https://site.example/{slug}")
        return value

    @field_validator("public_url")
    @classmethod
    def _strip_slash(cls, value: str | None, others: ValidationInfo) -> str | None:
        is_local = others.data.get("host") in LOOPBACK
        if not value and others.data.get("oidc_issuer") is not None and not is_local:
            raise ValueError("DATELINE_OIDC_ISSUER is set; set this, too")
        return value.rstrip("/") if value else None

    @field_validator("purge_url")
    @classmethod
    def _check_purge_url(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://none")
        if not parts.hostname or parts.port == 0:
            raise ValueError("give an address with the name of a host")
        if "@" in parts.netloc:
            raise ValueError("leave user and password out; DATELINE_PURGE_TOKEN is for secrets")
        return value

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The networks of trusted proxies."""
        return _parse_networks_cached(self.trusted_proxies)

    @field_validator("proxy_header")
    @classmethod
    def _check_proxy_header(cls, value: str) -> str:
        if not _HEADER_NAME.fullmatch(value):
            raise ValueError("give the name of a header, such as X-Forwarded-For or Forwarded")
        return value

    @field_validator("frame_hosts")
    @classmethod
    def _check_frame_hosts(cls, value: str) -> str:
        for host in _split_list(value):
            if not is_host(host) or ":" in host or "." not in host:
                raise ValueError("give names of hosts with commas, as in youtube.com, vimeo.com")
        return value

    @property
    def frames(self) -> frozenset[str]:
        """The hosts that may be shown in frames."""
        return _split_list(self.frame_hosts)

    @field_validator("push_networks", "trusted_proxies")
    @classmethod
    def _check_networks(cls, value: str) -> str:
        try:
            parse_networks(value)
        except ValueError:
            raise ValueError("give networks with commas, as in 10.0.0.0/8, fd00::/8") from None
        return value

    @field_validator("ca_file")
    @classmethod
    def _check_ca_file(cls, value: str | None) -> str | None:
        try:
            load_trusted_certificates(value)
        except SSLError:
            raise ValueError("give a file with certificates in PEM form, not another") from None
        except OSError as error:
            raise ValueError(f"give a file that can be read ({error.strerror})") from None
        return value

    @field_validator("purge_token")
    @classmethod
    def _check_purge_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _VISIBLE.fullmatch(value.get_secret_value()):
            raise ValueError("a token is made of visible ASCII characters, without spaces")
        return value

    def to_variables(self) -> dict[str, object]:
        """Return all settings as variables of child processes, secrets in plain text.

        A secret that is in a file is left out: the child processes read the file.
        """
        values = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self
        }
        return _VARIABLES.replace_files(os.environ, values)


# The address of the database may contain a password.
SECRET_SETTINGS = (
    "database_url",
    *(n for n, field in Settings.model_fields.items() if SecretStr in get_args(field.annotation)),
)
_VARIABLES = SettingVariables(_PREFIX, Settings.model_fields, SECRET_SETTINGS, _REMOVED)


def read_settings(**given: object) -> Settings:
    """Read the settings; `given` values take precedence. Say which variable is wrong and why."""
    chosen = {name: value for name, value in given.items() if value is not None}
    secrets = [name for name in SECRET_SETTINGS if name not in chosen]
    in_files, wrong = _VARIABLES.read_files(os.environ, secrets)
    wrong += _VARIABLES.find_unknown(os.environ)
    try:
        # pydantic validates the values.
        settings = Settings(**in_files | chosen)  # type: ignore[arg-type]
    except ValidationError as error:
        invalid = [
            f"{_VARIABLES.find_name(str(field['loc'][0]), in_files)}: {field['msg']}"
            for field in error.errors()
        ]
        raise _build_failure([*invalid, *wrong]) from error
    if wrong:
        raise _build_failure(wrong)
    return settings


def _build_failure(lines: list[str]) -> Misconfigured:
    return Misconfigured("\n".join(["Some settings are wrong.", *lines]))
