"""Recordings of the same code are equal, and a single different byte is reported."""

import base64
import copy
import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tools.answers.compare import Difference, compare, is_allowed, read_allowed, report
from tools.answers.normalize import normalize_all
from tools.answers.recorder import Recorder, Row, encode
from tools.answers.wire import Answer, Connection, Request

_FIRST_RUN = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
_SECOND_RUN = datetime(2026, 6, 2, 18, 30, 1, 250_000, tzinfo=UTC)
_OLD = "01680000-0000-7000-8000-000000000001"


def run_rows(now: datetime) -> list[Row]:
    """Return a small recording that was made at an instant."""
    request_id, story = build_id(now, 1), build_id(now, 2)
    instant = now.isoformat().replace("+00:00", "Z")
    body = {"id": story, "at": instant, "of": _OLD, "made": "2020-01-01T00:00:00Z"}
    listed = {"data": [body], "next": token(["query", False, story])}
    always = [("Date", format_datetime(now, usegmt=True)), ("X-Request-Id", request_id)]
    return [
        row(now, "story", "same for ever", [*always, ("ETag", '"aaaa"'), ("Content-Length", "13")]),
        row(now, "list", json.dumps(listed), [*always, ("ETag", f'"{story[-4:]}"')]),
        row(now, "list again", "", [*always, ("ETag", f'"{story[-4:]}"')]),
        row(now, "packed", gzip.compress(b"the same", mtime=0), [("Content-Encoding", "gzip")]),
        row(now, "key", json.dumps({"key": f"dl_{story[-12:]}"}), always),
        row(now, "use of the key", f"by dl_{story[-12:-4]} at {instant}", [("ETag", '"v3"')]),
    ]


def row(now: datetime, label: str, body: str | bytes, headers: list[tuple[str, str]]) -> Row:
    content = body.encode() if isinstance(body, str) else body
    seconds = now.timestamp()
    timed = {"began": seconds, "ended": seconds + 1}
    response = {"status": "HTTP/1.1 200 OK", "headers": headers, "body": encode(content)}
    return {"label": label, "request": "", **timed, **response}


def build_id(now: datetime, number: int) -> str:
    """Return a UUIDv7 of an instant."""
    milliseconds = int(now.timestamp() * 1000)
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | milliseconds % 977 + number))


def token(value: object) -> str:
    """Return a text like a signed cursor, with a different signature for each value."""
    payload = json.dumps(value).encode()
    signature = uuid.uuid5(uuid.NAMESPACE_URL, payload.decode()).bytes[:12]
    return base64.urlsafe_b64encode(signature + payload).rstrip(b"=").decode()


def differences(before: list[Row], after: list[Row]) -> list[Difference]:
    return list(compare(normalize_all(before), normalize_all(after)))


def test_two_runs_of_the_same_code_are_equal() -> None:
    assert differences(run_rows(_FIRST_RUN), run_rows(_SECOND_RUN)) == []


@pytest.mark.parametrize(
    ("number", "field", "value"),
    [
        (0, "status", "HTTP/1.1 200 Okay"),
        (0, "body", "same for Ever"),
        (1, "body", '{"data": []}'),
        (3, "body", encode(gzip.compress(b"the same", mtime=1))),
    ],
)
def test_a_changed_byte_is_reported(number: int, field: str, value: object) -> None:
    before, after = run_rows(_FIRST_RUN), run_rows(_SECOND_RUN)
    after[number][field] = value
    differing = [(difference.label, difference.what) for difference in differences(before, after)]
    assert (before[number]["label"], field) in differing


@pytest.mark.parametrize(
    ("old", "new"),
    [("2020-01-01", "2020-01-02"), (_OLD, _OLD.replace("1680", "1681")), ('"of"', '"off"')],
)
def test_values_from_before_the_run_are_compared(old: str, new: str) -> None:
    after = run_rows(_SECOND_RUN)
    after[1]["body"] = after[1]["body"].replace(old, new)
    assert [difference.what for difference in differences(run_rows(_FIRST_RUN), after)] == ["body"]


def test_headers_are_compared_by_value_name_and_order() -> None:
    before, after = run_rows(_FIRST_RUN), run_rows(_SECOND_RUN)
    moved, renamed, changed = after[0]["headers"], after[3]["headers"], after[5]["headers"]
    moved[0], moved[1] = moved[1], moved[0]
    renamed[0] = ("content-encoding", "gzip")
    changed[0] = ("ETag", '"v4"')
    differing = [(difference.label, difference.what) for difference in differences(before, after)]
    assert ("story", "order of headers") in differing
    assert ("packed", "header Content-Encoding") in differing
    assert ("use of the key", "header ETag") in differing


def test_instants_outside_the_run_are_compared() -> None:
    late = copy.deepcopy(run_rows(_SECOND_RUN))
    story_at = _SECOND_RUN + timedelta(minutes=10)
    late[1]["body"] = late[1]["body"].replace(
        _SECOND_RUN.isoformat()[:19], story_at.isoformat()[:19]
    )
    assert [difference.what for difference in differences(run_rows(_FIRST_RUN), late)] == ["body"]


def test_an_id_has_the_same_mask_in_every_response() -> None:
    after = run_rows(_SECOND_RUN)
    another = build_id(_SECOND_RUN, 99)
    after[5]["body"] += build_id(_SECOND_RUN, 2)
    before = run_rows(_FIRST_RUN)
    before[5]["body"] += build_id(_FIRST_RUN, 2)
    # Both responses mention the first id again; then one of them mentions another id.
    assert differences(before, after) == []
    after[5]["body"] = after[5]["body"][:-36] + another
    assert [difference.what for difference in differences(before, after)] == ["body"]


def test_missing_responses_are_differences_that_can_be_allowed(tmp_path: Path) -> None:
    differing = differences(run_rows(_FIRST_RUN), run_rows(_SECOND_RUN)[:-1])
    assert [difference.what for difference in differing] == ["request: only before"]
    assert next(iter(report(differing))) == "request: only before: 1"
    file = tmp_path / "expected"
    file.write_text("# a comment\nrequest: .* \\| use.*\n", encoding="utf-8")
    assert is_allowed(differing[0], read_allowed(file))
    assert not is_allowed(differing[0], read_allowed(None))


class FixedConnection(Connection):
    """Answers every request with the same response."""

    def send(self, request: Request) -> Answer:
        return Answer("HTTP/1.1 200 OK", (("ETag", '"x"'),), request.encode())


def test_every_recorded_row_has_a_unique_label(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    with path.open("w", encoding="utf-8") as output:
        recorder = Recorder("default", FixedConnection(0), {"read": "dl_secret"}, output)
        recorder.get("/v1/headlines", "read", If_None_Match='"x"')
        recorder.get("/v1/headlines", "read", If_None_Match='"x"')
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    label = "default | read | GET /v1/headlines | If-None-Match #"
    assert [row["label"] for row in rows] == [f"{label}1", f"{label}2"]
    assert "Authorization: Bearer dl_secret\r\n" in rows[0]["request"]
