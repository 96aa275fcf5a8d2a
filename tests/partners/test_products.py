"""Products: their five methods, what they refuse, and the dry run."""

from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.kit.sql.schema import Base
from app.partners.models import ProductTable
from tests.newsroom import MERGE_PATCH, Newsroom
from tests.partners.agreements import add_key, add_partner, add_product, list_slugs


def test_a_product_is_created_read_changed_and_deleted(newsroom: Newsroom) -> None:
    morocco = newsroom.category("Morocco")
    desk = newsroom.source("Desk")
    created = add_product(
        newsroom,
        "Le Maroc, en français",
        filter={
            "category": ["morocco"],
            "source": ["-desk"],
            "tag": ["\\-Été"],
            "language": ["fr"],
        },
        form="headline",
        images=False,
        delay_minutes=30,
        archive_days=90,
    )
    assert created["slug"] == "le-maroc-en-francais"
    assert created["filter"] == {
        "category": [morocco["id"]],
        "source": [f"-{desk['id']}"],
        "tag": ["\\-été"],
        "language": ["fr"],
    }
    read = newsroom.call("GET", f"/products/{created['slug']}")
    assert (read.json(), read.headers["etag"]) == (created, '"v1"')
    path, tag = f"/products/{created['id']}", {"if-match": '"v1"'}
    # What was read may be sent back, and changes nothing.
    assert newsroom.call("PUT", path, json=created, headers=tag).json() == created
    changed = newsroom.patch(created, "products", form="full", filter={"tag": None})
    assert (changed["form"], changed["version"]) == ("full", 2)
    assert changed["filter"].keys() == {"category", "source", "language"}
    again = newsroom.call("PUT", path, json={"name": "X", "filter": {}}, headers=tag)
    assert (again.status_code, again.json()["code"]) == (412, "version_mismatch")
    assert (
        newsroom.call("PATCH", path, json={}, headers={"content-type": MERGE_PATCH}).status_code
        == 428
    )
    other = add_product(newsroom, "Everything")
    page = newsroom.call("GET", "/products?limit=1").json()
    assert [product["slug"] for product in page["data"]] == ["everything"]
    page = newsroom.call("GET", f"/products?limit=1&cursor={page['page']['next']}").json()
    assert [product["slug"] for product in page["data"]] == [created["slug"]]
    assert newsroom.delete(other, "products").status_code == 204
    assert newsroom.call("GET", "/products/everything").status_code == 404
    noted = newsroom.call("GET", "/audit?type=product").json()["data"]
    assert [entry["verb"] for entry in noted] == ["deleted", "created", "edited", "created"]
    assert noted[2]["after"]["form"] == "full"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_repeated_post_creates_one_product(newsroom: Newsroom) -> None:
    once = {"idempotency-key": "1"}
    document = {"name": "Twice", "filter": {}}
    first, second = (
        newsroom.call("POST", "/products", json=document, headers=once) for _ in range(2)
    )
    assert first.json() == second.json()
    assert len(newsroom.call("GET", "/products").json()["data"]) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"filter": None}, "#/filter", "wrong_type"),
        ({"filter": {"category": ["nowhere"]}}, "#/filter/category", "unknown_reference"),
        ({"filter": {"kind": ["?"]}}, "#/filter/kind", "bad_format"),
        ({"filter": {"colour": ["red"]}}, "#/filter/colour", "unknown_field"),
        ({"slug": "headlines"}, "#/slug", "not_allowed"),
        ({"form": "half"}, "#/form", "not_allowed"),
        ({"embargoed": True, "delay_minutes": 1}, "#/delay_minutes", "not_allowed"),
        ({"archive_days": 1, "delay_minutes": 1440}, "#/archive_days", "not_allowed"),
        ({"archive_days": 0}, "#/archive_days", "out_of_range"),
    ],
)
def test_a_bad_field_is_named(
    newsroom: Newsroom, fields: dict[str, Any], pointer: str, code: str
) -> None:
    answer = newsroom.call("POST", "/products", json={"name": "P", "filter": {}, **fields})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
        (pointer, code)
    ]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_filter_is_required_and_a_name_that_is_reserved_gets_a_number(
    newsroom: Newsroom,
) -> None:
    answer = newsroom.call("POST", "/products", json={"name": "P"})
    assert answer.json()["errors"][0]["pointer"] == "#/filter"
    assert add_product(newsroom, "All")["slug"] == "all-2"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_values_of_a_filter_stay_apart(newsroom: Newsroom) -> None:
    for written, stored in (
        (["-a\\", "b"], ["b", "-a\\\\"]),
        (["a\\,b", "c,d"], ["a,b", "c,d"]),
        (["a\\\\", "b"], ["a\\\\", "b"]),
    ):
        assert add_product(newsroom, filter={"tag": written})["filter"] == {"tag": stored}


def test_what_a_product_names_stays(newsroom: Newsroom) -> None:
    morocco, desk = newsroom.category("Morocco"), newsroom.source("Desk")
    product = add_product(newsroom, filter={"category": ["morocco"], "source": ["-desk"]})
    for thing, kind in ((morocco, "categories"), (desk, "sources")):
        answer = newsroom.delete(thing, kind)
        assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
        assert "'product'" in answer.json()["detail"]
    add_partner(newsroom, "product")
    answer = newsroom.delete(product, "products")
    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
    assert "'partner'" in answer.json()["detail"]
    newsroom.patch(product, "products", filter={"category": None})
    assert newsroom.delete(morocco, "categories").status_code == 204


def test_a_dry_run_compares_with_the_saved_product(newsroom: Newsroom) -> None:
    for name, kind in (("N1", "news"), ("N2", "news"), ("O1", "opinion"), ("A1", "analysis")):
        newsroom.story(name, kind=kind)
    add_product(newsroom, "Saved", filter={"kind": ["news", "opinion"]})
    draft = {"filter": {"kind": ["news", "analysis"]}, "form": "headline", "name": "New"}
    unknown = newsroom.call("POST", "/products/preview", json={**draft, "saved": "none-such"})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "#/saved")
    preview = newsroom.call("POST", "/products/preview", json={**draft, "saved": "saved"}).json()
    assert (preview["count"], preview["enter"], preview["leave"]) == (3, 1, 1)
    assert sorted(story["slug"] for story in preview["data"]) == ["a1", "n1", "n2"]
    preview = newsroom.call("POST", "/products/preview", json=draft).json()
    assert (preview["count"], preview["enter"], preview["leave"]) == (3, 3, 0)
    late = {**draft, "delay_minutes": 5}
    assert newsroom.call("POST", "/products/preview", json=late).json()["count"] == 0
    assert len(newsroom.call("GET", "/products").json()["data"]) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_product_of_a_newer_version_is_shown_without_its_filter(
    newsroom: Newsroom, services: Services
) -> None:
    product = add_product(newsroom)
    corrupt(services)
    shown = newsroom.call("GET", f"/products/{product['id']}").json()
    assert shown["filter"] is None
    answer = newsroom.patching(product, "products", name="Other")
    assert answer.json()["errors"][0]["pointer"] == "#/filter"
    repaired = newsroom.patch(product, "products", filter={"kind": ["news"]})
    assert repaired["filter"] == {"kind": ["news"]}


def corrupt(services: Services) -> None:
    """Store a field that this version does not know in the filter of every product."""
    unknown = [[["mood", ["good"], []]], [None, None], [None, None]]
    with services.database.write() as session:
        session.execute(update(ProductTable).values(selection=unknown))


def test_a_change_of_a_product_writes_no_row_but_its_own(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    for name in ("africa", "asia"):
        newsroom.category(name)
        newsroom.story(name, categories=[name], slug=name)
    product = add_product(newsroom, filter={"category": ["africa"]})
    keys = [add_key(newsroom, add_partner(newsroom, product["slug"], slug=slug)) for slug in "xyz"]
    assert [list_slugs(client, key) for key in keys] == [["africa"]] * 3
    before = _read_tables(services)
    newsroom.patch(product, "products", filter={"category": ["asia"]})
    after = _read_tables(services)
    assert [list_slugs(client, key) for key in keys] == [["asia"]] * 3
    changed = {name: len(rows ^ before[name]) for name, rows in after.items()}
    # A row before and after, and its entry in the audit log.
    assert {name: count for name, count in changed.items() if count} == {"products": 2, "audit": 1}


def _read_tables(services: Services) -> dict[str, set[str]]:
    """Return all rows by table; the time at which a key was last used is left out."""
    with services.database.engine.connect() as connection:
        return {
            table.name: {
                repr(tuple(row))
                for row in connection.execute(
                    select(*(column for column in table.c if column.name != "last_used_at"))
                )
            }
            for table in Base.metadata.tables.values()
        }
