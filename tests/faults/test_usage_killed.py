"""A killed server loses what was counted in the last seconds, and nothing before."""

import time
from typing import Any

import pytest

from tests.faults.server import Client, server_row
from tests.faults.test_killed import admin_key

# Writes are due every three seconds; a busy machine takes longer.
_TIMEOUT = 60


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_killed_server_loses_the_last_seconds_alone(database_url: str) -> None:
    with server_row(database_url) as server:
        server.start()
        admin = Client(server.port, admin_key(database_url))
        partner = _add_partner(server.port, admin)
        for _ in range(20):
            assert partner.call("GET", "/v1/articles?include=body")[0] == 200
        written = _wait_for_usage(admin)
        assert (written["requests"], written["stories"]) == (20, 3)
        for _ in range(10):
            assert partner.call("GET", "/v1/articles?include=body")[0] == 200
        for client in (admin, partner):
            client.close()
        server.kill()
        server.start()
        admin = Client(server.port, admin_key(database_url))
        after = _read_usage(admin)
        admin.close()
        assert 20 <= after["requests"] <= 30
        assert after["stories"] == 3


def _add_partner(port: int, admin: Client) -> Client:
    for number in range(3):
        story = {"title": f"Story {number}", "language": "en", "status": "published"}
        assert admin.call("POST", "/v1/manage/articles", story | {"body": "<p>B.</p>"})[0] == 201
    product = {"name": "Product", "filter": {}}
    assert admin.call("POST", "/v1/manage/products", product)[0] == 201
    partner = {"name": "Partner", "products": ["product"]}
    assert admin.call("POST", "/v1/manage/partners", partner)[0] == 201
    key = {"name": "K", "scopes": ["read"], "partner": "partner"}
    return Client(port, admin.call("POST", "/v1/manage/keys", key)[2]["key"])


def _read_usage(admin: Client) -> dict[str, Any]:
    rows = admin.call("GET", "/v1/manage/usage?group_by=partner,route&limit=100")[2]["data"]
    partner_rows = [row for row in rows if row["partner"] is not None]
    return partner_rows[0] if partner_rows else {"requests": 0}


def _wait_for_usage(admin: Client) -> dict[str, Any]:
    ends = time.monotonic() + _TIMEOUT
    while (usage := _read_usage(admin))["requests"] < 20:
        assert time.monotonic() < ends, usage
        time.sleep(0.1)
    return usage
