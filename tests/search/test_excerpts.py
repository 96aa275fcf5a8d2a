"""Only a part of a long body is read for highlights, at any end position."""

from collections.abc import Callable

import pytest

from app.bootstrap import Services
from app.delivery.snapshot import open_snapshot
from app.search.queries import SearchQuery
from tests.newsroom import Newsroom

_BODY = "<p>Größe \U0001f41d \\ &quot;q&quot; أهلا</p>"
_TEXT = 'Größe \U0001f41d \\ "q" أهلا'


def test_an_excerpt_ends_between_characters_and_escapes(
    services: Services, newsroom: Newsroom
) -> None:
    id_ = newsroom.story("Cut", body=_BODY)["id"]
    with open_snapshot(services.delivery) as public:
        for most in range(len(_TEXT.encode()) + 20):
            (excerpt,) = public.load_excerpts([id_], most)
            assert _TEXT.startswith(excerpt.body)
            assert len(excerpt.body.encode()) <= most
        assert excerpt.body == _TEXT
        assert excerpt.title == "Cut"


@pytest.mark.parametrize("number", [1, 45])
def test_every_hit_is_highlighted(
    services: Services, newsroom: Newsroom, follow: Callable[[], None], number: int
) -> None:
    for index in range(number):
        newsroom.story(f"Story {index}", body=f"<p>About a harbour, {index}.</p>")
    follow()
    results = services.search.search(SearchQuery("harbour", highlight=True, limit=100))
    assert len(results.items) == number
    assert all(b"<mark>harbour</mark>" in item for item in results.items)
