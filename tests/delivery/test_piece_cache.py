"""The cache of rendered sources and categories is bounded."""

import pytest

from app.bootstrap import Services
from app.delivery import taxonomy_directory
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def test_the_piece_cache_is_bounded(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxonomy_directory, "_PIECE_CACHE_BYTES", 3)
    ids = [newsroom.category(name)["id"] for name in ("Sea", "Land", "Air", "Fire")]
    known = services.delivery.load_current().directory
    walked = [known.taxonomy_piece(None, id_) for id_ in ids]
    assert [b'"name":"Sea"' in walked[0], b'"name":"Fire"' in walked[3]] == [True, True]
    assert known.taxonomy_piece(None, ids[3]) is walked[3]
