"""The output of the load generator is parsed, and a round with errors is refused."""

import pytest

from bench.load import LoadError, read_wrk

GOOD = """Running 2s test @ http://127.0.0.1:8000/v1/headlines
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.04ms  301.12us   9.81ms   94.53%
  15694 requests in 2.10s, 196.55MB read
Requests/sec:   7473.33
Transfer/sec:     93.60MB
"""


def test_answers_and_rate_are_parsed() -> None:
    result = read_wrk(GOOD)
    assert result.answers == 15_694
    assert result.rate == pytest.approx(7473.33)


@pytest.mark.parametrize(
    "line",
    [
        "  Non-2xx or 3xx responses: 3",
        "  Socket errors: connect 0, read 1, write 0, timeout 0",
    ],
)
def test_a_round_with_errors_counts_for_nothing(line: str) -> None:
    with pytest.raises(LoadError, match=line.strip()):
        read_wrk(GOOD.replace("Requests/sec", f"{line}\nRequests/sec"))


@pytest.mark.parametrize("output", ["", GOOD.replace("7473.33", "0.00")])
def test_a_round_without_answers_counts_for_nothing(output: str) -> None:
    with pytest.raises(LoadError):
        read_wrk(output)
