"""Inputs for keys."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.kit.input_fields import Input, Instant, Ref, ShortLine, address
from app.kit.networks import extract_host, parse_networks

ScopeName = Annotated[
    Literal["read", "write", "publish", "admin", "webhooks"], Field(title="KeyScope")
]


_ORIGIN = re.compile(r"https?://[^/?#@]+", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def _normalize_network(text: str) -> str:
    try:
        (network,) = parse_networks(text)
    except ValueError:
        raise PydanticCustomError(
            "network", "Expected a network or an address, such as 203.0.113.0/24 or 2001:db8::/32"
        ) from None
    return str(network)


def _normalize_origin(text: str) -> str:
    """Return an origin as browsers send it: lower case, without a default port."""
    if not _ORIGIN.fullmatch(text):
        raise PydanticCustomError(
            "origin", "Expected an origin, such as https://www.example.com, without a path"
        )
    parts = urlsplit(address(text))
    host = extract_host(text)
    if host is None:
        raise PydanticCustomError("origin", "The host of the origin is not valid")
    shown = f"[{host}]" if ":" in host else host
    is_default = parts.port in {None, _DEFAULT_PORTS[parts.scheme]}
    return f"{parts.scheme}://{shown}" + ("" if is_default else f":{parts.port}")


Network = Annotated[ShortLine, AfterValidator(_normalize_network)]
Origin = Annotated[ShortLine, AfterValidator(_normalize_origin)]


class KeyInput(Input):
    """A new key."""

    name: ShortLine = Field(description="The name of the key.", examples=["Desk"])
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=5)] = Field(
        description="What the key may do. `admin` includes `publish`, that `write`, and that "
        "`read`. The key of a partner has `read`, `webhooks` or both; only such a key has "
        "`webhooks`, which lets the partner manage its webhooks.",
        examples=[["read"]],
    )
    partner: Ref | None = Field(
        None,
        description="The id or slug of the partner that the key belongs to. Such a key reads what "
        "the products of the partner include.",
        examples=["north-wire"],
    )
    expires_at: Instant | None = Field(
        None,
        description="When the key expires; `null`: never. If it is left out, a key with a scope "
        "above `read` expires after the number of days that the operator set, a year by default. "
        "A key of a partner, or one that only reads, then does not expire.",
        examples=["2027-11-22T00:00:00Z"],
    )
    networks: Annotated[list[Network], Field(max_length=50)] = Field(
        [],
        description="The networks that the key can be used from; if it is empty, from anywhere. "
        "Behind a proxy, the operator has to set DATELINE_TRUSTED_PROXIES.",
        examples=[["203.0.113.0/24"]],
    )
    origins: Annotated[list[Origin], Field(max_length=50)] = Field(
        [],
        description="The origins that a browser may send the key from; if it is empty, any client "
        "may send it. With origins, a request without `Origin` is refused. Programs can send any "
        "`Origin`, so this only prevents scripts of other sites from using the key.",
        examples=[["https://www.example.com"]],
    )
    embargoed: Annotated[bool, Field(strict=True)] = Field(
        False,
        description="Whether the key reads stories under embargo. For a partner, its products "
        "decide.",
        examples=[False],
    )


class RotateKeyInput(Input):
    """How long the previous key remains valid."""

    overlap_minutes: Annotated[int, Field(ge=0, le=43_200, strict=True)] = Field(
        60,
        description="For how many minutes the previous key remains valid; `0`: it ends now.",
        examples=[60],
    )
