"""Instants: every form of RFC 3339 is parsed, and one form written, in UTC."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.clock import (
    SystemClock,
    format_instant,
    from_micros,
    parse_instant,
    parse_instant_or_date,
    to_micros,
)

TEN = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)
MOMENTS = st.datetimes(timezones=st.just(UTC))


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-12T10:00:00Z",
        "2026-01-12t10:00:00z",
        "2026-01-12 10:00:00Z",
        "2026-01-12T10:00:00.000Z",
        "2026-01-12T10:00:00+00:00",
        "2026-01-12T10:00:00-00:00",
        "2026-01-12T11:00:00+01:00",
        "2026-01-12T04:30:00-05:30",
        "2026-01-13T09:59:00+23:59",
    ],
)
def test_every_spelling_of_an_instant_is_parsed(text: str) -> None:
    assert parse_instant(text) == TEN


@pytest.mark.parametrize(
    ("fraction", "micros"),
    [("1", 100_000), ("123", 123_000), ("000001", 1), ("123456", 123_456), ("1234569", 123_456)],
)
def test_a_fraction_is_truncated_to_microseconds(fraction: str, micros: int) -> None:
    assert parse_instant(f"2026-01-12T10:00:00.{fraction}Z").microsecond == micros


@pytest.mark.parametrize(
    ("text", "stands_for"),
    [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        ("2016-12-31T23:59:60.25Z", "2016-12-31T23:59:59.999999Z"),
        ("1990-12-31T15:59:60-08:00", "1990-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:60Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_leap_second_becomes_the_moment_before_it(text: str, stands_for: str) -> None:
    assert format_instant(parse_instant(text)) == stands_for


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_the_first_and_the_last_instant_are_preserved(text: str) -> None:
    moment = parse_instant(text)
    assert format_instant(moment) == text
    assert from_micros(to_micros(moment)) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-12",
        "10:00:00Z",
        "2026-01-12T10:00:00",
        "2026-01-12T10:00Z",
        "2026-01-12T10:00:00.Z",
        "2026-01-12T10:00:00,5Z",
        "2026-01-12T10:00:00+0100",
        "2026-01-12T10:00:00+01",
        "2026-01-12T10:00:00+24:00",
        "2026-01-12T24:00:01Z",
        "2026-01-12T10:60:00Z",
        "2026-01-12T10:00:61Z",
        "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-W03-1T10:00:00Z",
        "26-01-12T10:00:00Z",
        "10000-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "９999-01-01T00:00:00Z",
        " 2026-01-12T10:00:00Z",
        "2026-01-12T10:00:00Z\n",
        "1768212000",
        "now",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"instant|range|month|day"):
        parse_instant(text)


@given(MOMENTS)
def test_a_formatted_instant_parses_to_itself(moment: datetime) -> None:
    text = format_instant(moment)
    assert parse_instant(text) == moment
    assert text.endswith("Z")
    assert not text.endswith("0Z") or "." not in text


@given(MOMENTS, MOMENTS)
def test_microseconds_sort_like_instants(item: datetime, other: datetime) -> None:
    assert (item < other) == (to_micros(item) < to_micros(other))
    assert from_micros(to_micros(item)) == item


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert parse_instant_or_date(text).tzinfo is UTC


def test_a_date_means_its_first_moment_in_utc() -> None:
    assert parse_instant_or_date("2026-01-12") == datetime(2026, 1, 12, tzinfo=UTC)
    assert parse_instant_or_date("2026-01-12T10:00:00Z") == TEN
    for wrong in ("2026-02-30", "0000-01-01", "2026-1-1", "20260112"):
        with pytest.raises(ValueError, match=r".+"):
            parse_instant_or_date(wrong)


def test_a_whole_second_is_written_without_a_fraction() -> None:
    assert format_instant(TEN) == "2026-01-12T10:00:00Z"
    assert format_instant(TEN.replace(microsecond=500_000)) == "2026-01-12T10:00:00.5Z"


def test_the_system_clock_is_timezone_aware_and_counts_milliseconds() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
