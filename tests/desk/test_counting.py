"""What two processes have counted is told as one; what is so just now is told once."""

from prometheus_client.parser import text_string_to_metric_families

from app.api.metrics import Metrics


def samples(text: bytes) -> dict[str, float]:
    """Return values by name and labels."""
    return {
        f"{one.name}{sorted(one.labels.items())}": one.value
        for family in text_string_to_metric_families(text.decode())
        for one in family.samples
        if not one.name.endswith("_created")
    }


def test_counts_are_added_and_states_are_not() -> None:
    own, other = Metrics(), Metrics()
    own.request("GET", "/v1/headlines", 200, 0.002)
    other.request("GET", "/v1/headlines", 200, 0.002)
    other.request("POST", "/v1/manage/articles", 201, 0.02)
    own.log.note(7)
    other.log.note(7)
    told = samples(own.text(other.text()))
    read = "[('method', 'GET'), ('route', '/v1/headlines'), ('status', '200')]"
    written = "[('method', 'POST'), ('route', '/v1/manage/articles'), ('status', '201')]"
    assert told[f"dateline_requests_total{read}"] == 2
    assert told[f"dateline_requests_total{written}"] == 1
    assert told["dateline_request_seconds_count[('route', '/v1/headlines')]"] == 2
    assert told["dateline_request_seconds_count[('route', '/v1/manage/articles')]"] == 1
    assert told["dateline_log_serial[]"] == 7


def test_told_twice_nothing_is_added_twice() -> None:
    own, other = Metrics(), Metrics()
    own.request("GET", "/v1/headlines", 200, 0.002)
    other.request("GET", "/v1/headlines", 200, 0.002)
    assert samples(own.text(other.text())) == samples(own.text(other.text()))
