"""A body with too many values is refused before they are validated."""

import pytest

from tests.newsroom import Newsroom


@pytest.fixture
def dialect() -> str:
    """One database is enough: nothing here depends on it."""
    return "sqlite"


@pytest.mark.parametrize(
    "body",
    [
        {f"field{number}": 1 for number in range(20_001)},
        {"title": "T", "names": {f"x{number}": 1 for number in range(20_001)}},
        {"title": "T", "tags": [1] * 20_001},
    ],
    ids=["members", "inner members", "items"],
)
def test_a_body_with_too_many_values_is_refused(newsroom: Newsroom, body: dict) -> None:
    answer = newsroom.call("POST", "/articles", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_json"
    assert "20000" in answer.json()["detail"]


def test_a_body_with_many_values_is_validated(newsroom: Newsroom) -> None:
    answer = newsroom.call("POST", "/articles", json={"title": "T", "tags": [1] * 5_000})
    assert answer.status_code == 422
