"""A body with many errors is refused quickly, with the first of them."""

import time

from tests.newsroom import Newsroom


def test_many_unknown_fields_are_counted_and_the_first_ones_named(newsroom: Newsroom) -> None:
    document = {"title": "A", "language": "en", **{f"x{number}": 1 for number in range(15_000)}}
    start = time.process_time()
    answer = newsroom.call("POST", "/articles", json=document)
    assert time.process_time() - start < 5
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("15000 fields are not acceptable: #/x0, ")
    assert len(answer.json()["errors"]) == 100
