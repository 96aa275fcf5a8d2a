"""No query fails, whatever its text."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.newsroom import Newsroom
from tests.repetitions import repetitions

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
_HOSTILE = [
    "",
    " ",
    "\0",
    "\ud800".encode("utf-8", "replace").decode(),
    '"',
    '""',
    '"""',
    "'",
    "-",
    "--",
    "- -",
    "-a",
    "-a -b -c",
    "OR",
    "OR OR",
    "a OR",
    "OR a",
    "a AND NOT b",
    "NOT",
    "title:",
    "title:title:",
    'title:"',
    "title:-a",
    "body:rain",
    "id:*",
    "*",
    "?",
    "*a*",
    "a*b?c~2^3",
    "rain~",
    "rain^9999",
    "[a TO b]",
    "{a TO b}",
    "[* TO *]",
    "((((((((((",
    "))))))))))",
    "(" * 5_000,
    "+rain -rain",
    "/re.*/",
    "rain\\",
    "\\\\\\",
    "rain && snow || hail !",
    "'; DROP TABLE documents; --",
    "<script>alert(1)</script>",
    "%00%ff",
    "position",
    "\x1f",
    "\u202e\u200b\ufeff",
    "a" * 10_000,
    "a " * 3_000,
    "é" * 600,
    "🌧️ 👩‍👩‍👧‍👦",
    "ﷺ",
    "ا" * 400,
    "漢字かな交じり文",
    "http://",
    "https://[::1",
    "http://" + "a" * 3_000,
    "00000000-0000-0000-0000-000000000000",
    "١٢٣",
    "\n\r\t",
    "1e999",
    "-1",
    "NaN",
]


@pytest.fixture
def ask(
    newsroom: Newsroom, client: TestClient, follow: Callable[[], None]
) -> Callable[[str], None]:
    """Search for something on every path; each response must be a success or a problem."""
    newsroom.story("Rain over Rabat", tags=["rain"], body="It rained all night.")
    follow()
    newsroom.story("Snow in Ifrane", tags=["snow"])

    def ask_for(typed: str) -> None:
        wide = {"q": typed, "highlight": "true", "count": "exact", "facets": "tag,category"}
        for params in (wide, {"q": typed, "sort": "-published_at", "tag": "rain"}):
            answer = client.get("/v1/search", params=params)
            assert answer.status_code == 200, (typed, answer.text)
            page = answer.json()["page"]
            assert page["count"] is None or page["count"] >= len(answer.json()["data"])
        answer = client.get("/v1/suggest", params={"q": typed})
        assert answer.status_code == 200, (typed, answer.text)

    return ask_for


def test_hostile_queries_are_answered(ask: Callable[[str], None]) -> None:
    for typed in _HOSTILE:
        ask(typed)


_PIECES = st.sampled_from(["rain", "snow", '"', "-", " ", "OR", "title:", "(", "*", "~", "\\", ":"])


@settings(
    max_examples=repetitions(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(typed=st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=12).map("".join)))
def test_any_query_is_answered(ask: Callable[[str], None], typed: str) -> None:
    ask(typed.encode("utf-8", "replace").decode())


def test_the_position_document_is_not_a_story(
    newsroom: Newsroom, client: TestClient, follow: Callable[[], None]
) -> None:
    newsroom.story("Rain")
    follow()
    for query in ("", "q=-snow", "q=position", "q=-a%20-b&sort=-published_at"):
        page = client.get(f"/v1/search?{query}&count=exact").json()
        assert page["page"]["count"] == len(page["data"]) <= 1, query
    facets = client.get("/v1/search?facets=category,source,language,tag,kind,published_month")
    assert max(value["count"] for many in facets.json()["facets"].values() for value in many) == 1
