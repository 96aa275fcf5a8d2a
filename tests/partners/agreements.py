"""Agreements as tests make them: products, partners and keys, through the API."""

from typing import Any

from starlette.testclient import TestClient

from tests.newsroom import Newsroom


def add_product(newsroom: Newsroom, name: str = "Product", **fields: Any) -> dict[str, Any]:
    """Create a product; without a filter, it has all stories."""
    return _create(newsroom, "/products", {"name": name, "filter": {}, **fields})


def add_partner(newsroom: Newsroom, *products: str, **fields: Any) -> dict[str, Any]:
    """Create a partner with products."""
    return _create(newsroom, "/partners", {"name": "Partner", "products": products, **fields})


def add_key(newsroom: Newsroom, partner: dict[str, Any], *scopes: str) -> dict[str, str]:
    """Create a key of a partner, and return the headers that send it."""
    document = {"name": "K", "scopes": scopes or ["read"], "partner": partner["slug"]}
    return {"x-api-key": _create(newsroom, "/keys", document)["key"]}


def list_slugs(
    client: TestClient, headers: dict[str, str] | None = None, path: str = "/v1/headlines"
) -> list[str]:
    """Return the slugs of a list of stories, as a reader sees it."""
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return sorted(story["slug"] for story in answer.json()["data"])


def _create(newsroom: Newsroom, path: str, document: dict[str, Any]) -> dict[str, Any]:
    answer = newsroom.call("POST", path, json=document)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created
