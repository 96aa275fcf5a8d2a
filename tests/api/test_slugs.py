"""Slugs: generated from titles, chosen by editors, and reserved once they were public."""

from urllib.parse import quote

import pytest

from tests.api.reading import read
from tests.newsroom import MERGE_PATCH, Newsroom

KINDS = ("articles", "sources", "categories")


def _document(kind: str, title: str) -> dict[str, str]:
    return {"title": title, "language": "en"} if kind == "articles" else {"name": title}


@pytest.mark.parametrize("kind", KINDS)
def test_generated_slugs_get_a_number_and_requested_ones_conflict(
    newsroom: Newsroom, kind: str
) -> None:
    document = _document(kind, "Très Bien!")
    generated = [newsroom.call("POST", f"/{kind}", json=document).json()["slug"] for _ in range(3)]
    assert generated == ["tres-bien", "tres-bien-2", "tres-bien-3"]
    requested = newsroom.call("POST", f"/{kind}", json=document | {"slug": "tres-bien-2"})
    assert (requested.status_code, requested.json()["code"]) == (409, "slug_taken")
    assert requested.json()["errors"][0]["pointer"] == "#/slug"


@pytest.mark.parametrize("kind", KINDS)
def test_a_slug_that_was_public_is_not_reused(newsroom: Newsroom, kind: str) -> None:
    thing = newsroom.call(
        "POST", f"/{kind}", json=_document(kind, "Old") | _publish_fields(kind)
    ).json()
    thing = newsroom.patch(thing, kind, slug="new", **_publish_fields(kind))
    taken = newsroom.call("POST", f"/{kind}", json=_document(kind, "X") | {"slug": "old"})
    assert taken.json()["code"] == "slug_taken"
    created = newsroom.call("POST", f"/{kind}", json=_document(kind, "Old")).json()
    assert created["slug"] == "old-2"
    assert newsroom.patch(thing, kind, slug="old", **_publish_fields(kind))["slug"] == "old"


def _publish_fields(kind: str) -> dict[str, str]:
    return {"status": "published"} if kind == "articles" else {}


def test_each_type_has_its_own_slugs(newsroom: Newsroom) -> None:
    objects = [newsroom.article("Same"), newsroom.source("Same"), newsroom.category("Same")]
    assert [item["slug"] for item in objects] == ["same"] * 3


def test_slugs_may_have_any_script(newsroom: Newsroom) -> None:
    for title, slug in (
        ("المغرب اليوم", "المغرب-اليوم"),
        ("Новости дня", "новости-дня"),
        ("मोरक्को समाचार", "मोरक्को-समाचार"),
        ("¿Qué?", "que"),
        ("!!!", "article"),
    ):
        story = newsroom.story(title)
        assert story["slug"] == slug
        assert read(newsroom.client, f"/v1/articles/{slug}")["id"] == story["id"]


def test_a_slug_is_found_in_any_case_and_unicode_form(newsroom: Newsroom) -> None:
    newsroom.story(slug="café-Noir")
    for ref in ("café-noir", "CAFÉ-NOIR", "cafe\u0301-noir"):
        assert read(newsroom.client, f"/v1/articles/{ref}")["slug"] == "café-noir"


@pytest.mark.parametrize(
    ("title", "slug", "typed"),
    [
        ("น้ำท่วมภาคใต้", "น้ำท่วมภาคใต้", "น้ำท่วมภาคใต้"),
        ("ນ້ຳຖ້ວມ", "ນ້ຳຖ້ວມ", "ນ້ຳຖ້ວມ"),
        ("Do\u00adnau", "donau", "Do\u00adnau"),
        ("\ufeffمی\u200cخواهم", "میخواهم", "می\u200cخواهم"),
        ("\u202bقصة\u202c", "قصة", "\u200fقصة\u200f"),
    ],
)
def test_a_slug_is_found_as_users_type_it(
    newsroom: Newsroom, title: str, slug: str, typed: str
) -> None:
    story = newsroom.story(title, source=newsroom.source(title)["slug"])
    assert story["slug"] == slug
    assert read(newsroom.client, f"/v1/articles/{quote(typed)}")["id"] == story["id"]
    assert newsroom.call("GET", f"/articles/{quote(typed)}").json()["id"] == story["id"]
    listed = read(newsroom.client, f"/v1/articles?source={quote(typed)}")["data"]
    assert [item["id"] for item in listed] == [story["id"]]


def test_a_slug_cannot_be_patched_to_a_used_one(newsroom: Newsroom) -> None:
    newsroom.article("First")
    second = newsroom.article("Second")
    response = newsroom.call(
        "PATCH",
        f"/articles/{second['id']}",
        json={"slug": "first"},
        headers={"if-match": "*", "content-type": MERGE_PATCH},
    )
    assert (response.status_code, response.json()["code"]) == (409, "slug_taken")
    assert newsroom.call("GET", f"/articles/{second['id']}").json() == second


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_invalid_slug_is_refused(newsroom: Newsroom) -> None:
    odd = ["", "a b", "-a", "a-", "a--b", "a/b", "a.b", "a_b", "a\u200fb", "a\u0000b", 7]
    for slug in (*odd, "a" * 201, "01a00000-0000-7000-8000-000000000000"):
        response = newsroom.call("POST", "/sources", json={"name": "N", "slug": slug})
        (error,) = response.json()["errors"]
        assert (response.status_code, error["pointer"]) == (422, "#/slug"), slug
    assert newsroom.source("N", slug="a" * 200)["slug"] == "a" * 200


def test_a_long_title_gets_a_short_slug(newsroom: Newsroom) -> None:
    slugs = [newsroom.article("word " * 150)["slug"] for _ in range(12)]
    assert len(set(slugs)) == 12
    assert max(map(len, slugs)) <= 200
