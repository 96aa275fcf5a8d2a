"""Each partner receives from each public route what its agreement grants, and no more.

Each part of every story contains a unique word, so a response shows which parts it contains.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.access.entitlement import Entitlement, Grant, combine
from app.access.selection import Clause, Selection, SelectionFields
from app.kit.clock import format_instant
from tests.api.reading import public_paths, read
from tests.clock import START, HandClock
from tests.newsroom import Newsroom

_NEVER = timedelta()


@dataclass(frozen=True, slots=True)
class PublishedStory:
    """A published story: its number, its age, and the attributes that select it."""

    number: int
    age: timedelta
    category: str = "africa"
    source: str = "north"
    language: str = "en"
    embargoed: bool = False
    id: str = ""
    slug: str = ""
    attributes: SelectionFields | None = None

    def word(self, part: str) -> str:
        """Return the word that occurs only in this part of this story."""
        return f"{part}{'abcdefghijklmnop'[self.number]}zz"


_STORIES = (
    PublishedStory(0, timedelta(minutes=5)),
    PublishedStory(1, timedelta(minutes=5), "asia", "south", "fr"),
    PublishedStory(2, timedelta(minutes=90)),
    PublishedStory(3, timedelta(minutes=90), "asia", "north", "fr"),
    PublishedStory(4, timedelta(days=3), "africa", "south"),
    PublishedStory(5, timedelta(days=3), "asia", "north"),
    PublishedStory(6, timedelta(days=40)),
    PublishedStory(7, timedelta(days=40), "asia", "south", "fr"),
    PublishedStory(8, timedelta(days=-1), embargoed=True),
    PublishedStory(9, timedelta(days=-1), "asia", "south", "fr", embargoed=True),
)
_AFRICA = {"category": ["africa"]}
_FRENCH = {"language": ["fr"]}
# Agreements with one, two and five products.
_AGREEMENTS: dict[str, list[dict[str, Any]]] = {
    "everything": [{"filter": {}}],
    "headlines": [{"filter": {}, "form": "headline"}],
    "headlines without images": [{"filter": {}, "form": "headline", "images": False}],
    "no images": [{"filter": _AFRICA, "images": False}],
    "a source, late": [{"filter": {"source": ["north"]}, "delay_minutes": 60}],
    "recent": [{"filter": _FRENCH, "archive_days": 7}],
    "embargoed": [{"filter": _AFRICA, "embargoed": True}],
    "not a source": [{"filter": {"source": ["-north"], "category": ["asia"]}}],
    "two": [
        {"filter": {}, "form": "headline", "images": False},
        {"filter": _AFRICA, "delay_minutes": 60, "archive_days": 30},
    ],
    "two overlapping": [
        {"filter": _AFRICA, "form": "headline"},
        {"filter": {"source": ["south"]}, "images": False, "embargoed": True},
    ],
    "five": [
        {"filter": _AFRICA, "form": "headline", "embargoed": True},
        {"filter": {"source": ["south"], "language": ["fr"]}, "images": False},
        {"filter": {"language": ["-fr"]}, "delay_minutes": 60, "archive_days": 7},
        {"filter": {"category": ["asia"]}, "form": "headline", "images": False},
        {"filter": {"source": ["north"]}, "archive_days": 7, "delay_minutes": 30},
    ],
    "nothing": [],
}


@dataclass(frozen=True, slots=True)
class World:
    """The published stories, the headers of each partner by agreement, and ids by slug."""

    stories: tuple[PublishedStory, ...]
    partners: dict[str, dict[str, str]]
    ids: dict[str, str]

    def entitle(self, agreement: str) -> Entitlement:
        """Return the entitlement of an agreement, built without the code under test."""
        return combine(self._grant(product) for product in _AGREEMENTS[agreement])

    def _grant(self, product: dict[str, Any]) -> Grant:
        clauses = []
        for field, values in product["filter"].items():
            chosen = [value for value in values if not value.startswith("-")]
            others = [value[1:] for value in values if value.startswith("-")]
            ids = [tuple(self.ids.get(value, value) for value in some) for some in (chosen, others)]
            clauses.append(Clause(field, *ids))
        days = product.get("archive_days")
        return Grant(
            Selection(tuple(clauses)),
            product.get("form", "full"),
            product.get("images", True),
            product.get("embargoed", False),
            timedelta(minutes=product.get("delay_minutes", 0)),
            None if days is None else timedelta(days=days),
        )


@pytest.fixture
def world(newsroom: Newsroom, client: TestClient, clock: HandClock) -> World:
    """Stories of all kinds, and a partner with a key for each agreement."""
    ids = {}
    for name in ("north", "south"):
        ids[name] = newsroom.source(name, url="https://news.example")["id"]
    for name in ("africa", "asia"):
        ids[name] = newsroom.category(name)["id"]
    stories = tuple(_publish(newsroom, story, ids) for story in _STORIES)
    partners = {}
    for number, (agreement, products) in enumerate(_AGREEMENTS.items()):
        partners[agreement] = _sign(newsroom, number, products)
    # Answers have a `Last-Modified` only two seconds after a change.
    clock.advance(seconds=3)
    return World(stories, partners, ids)


def _publish(newsroom: Newsroom, story: PublishedStory, ids: dict[str, str]) -> PublishedStory:
    published_at = format_instant(START - story.age)
    when = {"embargo_until" if story.embargoed else "published_at": published_at}
    picture, sound = (f"https://news.example/{story.word(part)}" for part in ("photo", "sound"))
    created = newsroom.story(
        f"Everywhere {story.word('title')}",
        summary=f"In short: {story.word('summary')}.",
        body=f"<p>Common {story.word('body')} text.</p>"
        f'<figure><img src="{picture}-inside.jpg" alt="A">'
        f"<figcaption>Common {story.word('caption')} view.</figcaption></figure>"
        f'<p><audio src="{sound}.mp3" controls></audio></p>',
        image={"url": f"{picture}.jpg", "alt": "An image"},
        tags=["shared", story.word("tag")],
        source=story.source,
        categories=[story.category],
        language=story.language,
        **when,
    )
    attributes: SelectionFields = {
        "id": [created["id"]],
        "category": [ids[story.category]],
        "source": [ids[story.source]],
        "language": [story.language],
        "published_at": published_at,
        "updated_at": published_at,
    }
    return replace(story, id=created["id"], slug=created["slug"], attributes=attributes)


def _sign(
    newsroom: Newsroom, number: int, products: list[dict[str, Any]], **terms: Any
) -> dict[str, str]:
    """Create products and a partner that has them; return the headers with its key."""
    slugs = []
    for place, product in enumerate(products):
        slug = f"product-{number}-{place}"
        response = newsroom.call("POST", "/products", json={"name": slug, "slug": slug, **product})
        assert response.status_code == 201, response.text
        slugs.append(slug)
    name = f"partner-{number}"
    written = {"name": name, "slug": name, "products": slugs, **terms}
    partner = newsroom.call("POST", "/partners", json=written)
    assert partner.status_code == 201, partner.text
    key = newsroom.call("POST", "/keys", json={"name": name, "scopes": ["read"], "partner": name})
    assert key.status_code == 201, key.text
    return {"authorization": f"Bearer {key.json()['key']}"}


def _list_addresses(world: World) -> Iterator[str]:
    """Yield addresses of every public route; an unknown route is an error."""
    stories = [name for story in world.stories for name in (story.id, story.slug)]
    parts: dict[str, list[str]] = {
        "/v1/articles/{ref}.{ext}": [
            f"/v1/articles/{story.id}.{ext}"
            for story in world.stories
            for ext in ("ninjs", "newsml", "jsonld", "md")
        ],
        "/v1/articles/{ref}": [f"/v1/articles/{name}" for name in stories],
        "/v1/articles/{ref}/related": [f"/v1/articles/{s.id}/related" for s in world.stories],
        "/feeds/latest.{ext}": _feeds("/feeds/latest"),
        "/feeds/search.{ext}": ["/feeds/search.rss?q=common", "/feeds/search.json?q=everywhere"],
        "/feeds/categories/{slug}.{ext}": _feeds("/feeds/categories/africa"),
        "/feeds/sources/{slug}.{ext}": _feeds("/feeds/sources/south"),
        "/feeds/languages/{tag}.{ext}": _feeds("/feeds/languages/fr"),
        "/feeds/tags/{tag}.{ext}": _feeds("/feeds/tags/shared"),
        "/sitemap-{part}.xml": ["/sitemap-2026-11.xml", "/sitemap-2026-10.xml"],
        "/v1/sources/{ref}": ["/v1/sources/north"],
        "/v1/categories/{ref}": ["/v1/categories/africa"],
        "/v1/headlines": [
            "/v1/headlines",
            "/v1/headlines?limit=2",
            "/v1/headlines?sort=updated_at",
        ],
        "/v1/articles": [
            "/v1/articles?include=body&limit=3",
            "/v1/articles?include=body&category=africa&language=en",
            f"/v1/articles?include=body&ids={','.join(story.id for story in world.stories)}",
        ],
        "/v1/search": [
            "/v1/search?q=common&highlight=true&facets=tag,category&count=exact",
            "/v1/search?q=everywhere&limit=2&highlight=true",
            *(f"/v1/search?q={story.word('body')}&highlight=true" for story in world.stories),
        ],
        "/v1/suggest": [
            "/v1/suggest?q=everywh",
            *(f"/v1/suggest?q={story.word('tag')[:4]}" for story in world.stories),
        ],
        "/v1/changes": ["/v1/changes?limit=3"],
        "/problems/{code}": ["/problems/not_found"],
    }
    for path in public_paths():
        if "{" not in path and path not in parts:
            yield path
        else:
            yield from parts[path]


def _feeds(path: str) -> list[str]:
    return [f"{path}.{ext}?limit=4" for ext in ("rss", "atom", "json", "ninjs", "newsml", "csv")]


def _follow(client: TestClient, address: str, headers: dict[str, str]) -> str:
    """Return the text of an answer and of the pages after it, headers included."""
    texts = []
    path, _, query = address.partition("?")
    for _ in range(12):
        answer = client.get(address, headers=headers, follow_redirects=False)
        assert answer.status_code < 500, (address, answer.text)
        texts += [answer.text, str(answer.headers)]
        if "application/json" not in answer.headers.get("content-type", ""):
            break
        document = answer.json()
        cursor = document.get("cursor") if document.get("more") else None
        cursor = cursor or (document.get("page") or {}).get("next")
        if cursor is None:
            break
        address = f"{path}?cursor={cursor}" + (f"&{query}" if query else "")
    return "\n".join(texts)


@pytest.mark.exhaustive_on("postgresql")
def test_no_route_sends_a_partner_more_than_its_agreement_grants(
    world: World, client: TestClient, clock: HandClock
) -> None:
    addresses = list(_list_addresses(world))
    for agreement, headers in world.partners.items():
        hidden = _find_hidden(world, agreement, clock)
        for address in addresses:
            text = _follow(client, address, headers)
            # The words of a query occur in the links of the response.
            shown = [word for word in hidden if word in text and word not in address]
            assert not shown, (agreement, address, shown)


def _find_hidden(world: World, agreement: str, clock: HandClock) -> list[str]:
    """Return the words that a partner may not see."""
    entitlement, hidden = world.entitle(agreement), []
    for story in world.stories:
        assert story.attributes is not None
        grant = _find_grant(entitlement, story, clock)
        parts = []
        if grant is None:
            parts = ["title", "summary", "tag", "body", "caption", "photo", "sound"]
        else:
            parts += [] if grant.images else ["caption", "photo", "sound"]
            parts += [] if grant.form == "full" else ["body", "caption", "sound"]
        hidden += [story.word(part) for part in parts]
    return hidden


def _find_grant(entitlement: Entitlement, story: PublishedStory, clock: HandClock) -> Grant | None:
    assert story.attributes is not None
    return entitlement.find_grant(story.attributes, clock.now())


def test_lists_feeds_and_changes_have_all_that_an_agreement_grants(
    world: World, client: TestClient, clock: HandClock
) -> None:
    for agreement, headers in world.partners.items():
        entitlement = world.entitle(agreement)
        granted = [
            (story, grant)
            for story in world.stories
            if (grant := _find_grant(entitlement, story, clock)) is not None
        ]
        for address in ("/v1/headlines?limit=3", "/v1/changes?limit=3", "/v1/articles?limit=2"):
            text = _follow(client, address, headers)
            missing = [s.number for s, _ in granted if s.word("title") not in text]
            assert not missing, (agreement, address, missing)
        for address in ("/v1/articles?include=body&limit=3", "/v1/changes", "/feeds/latest.ninjs"):
            text = _follow(client, address, headers)
            for story, grant in granted:
                has_body = grant.form == "full" and not story.embargoed
                assert not has_body or story.word("body") in text, (agreement, address)
        page = client.get("/v1/headlines?count=exact", headers=headers).json()["page"]
        assert page["count"] == len(granted), agreement
        for story, grant in granted:
            answer = client.get(f"/v1/articles/{story.slug}", headers=headers)
            assert answer.status_code == 200, (agreement, story.number)
            document = answer.json()
            assert ("body_html" in document) == (grant.form == "full"), (agreement, story.number)
            assert (document["image"] is not None) == grant.images, (agreement, story.number)


def test_an_agreement_is_read_between_its_start_and_its_end(
    world: World, newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    terms = {"starts_at": "2026-11-22T13:00:00Z", "ends_at": "2026-11-22T14:00:00Z"}
    headers = _sign(newsroom, 99, [{"filter": {}}], **terms)
    counts = []
    for _ in range(3):
        answer = client.get("/v1/headlines", headers=headers)
        counts.append(len(answer.json()["data"]))
        clock.advance(hours=1)
    assert counts == [0, 8, 0]
    me = client.get("/v1/me", headers=headers).json()
    assert me["ends_at"] == terms["ends_at"]


def test_a_change_of_a_product_takes_effect_with_the_next_request(
    newsroom: Newsroom, client: TestClient, world: World
) -> None:
    headers = world.partners["everything"]
    first = client.get("/v1/headlines?limit=3", headers=headers).json()
    sync = client.get("/v1/changes", headers=headers).json()
    product = newsroom.call("GET", "/products/product-0-0").json()
    newsroom.patch(product, "products", filter=_AFRICA, form="headline")
    listed = client.get("/v1/headlines?limit=3", headers=headers).json()
    assert len(listed["data"]) == 3
    assert (
        "body_html"
        not in client.get(f"/v1/articles/{listed['data'][0]['id']}", headers=headers).json()
    )
    for address in (
        f"/v1/headlines?limit=3&cursor={first['page']['next']}",
        f"/v1/changes?cursor={sync['cursor']}",
    ):
        refused = client.get(address, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (410, "rights_changed")
    snapshot = _follow(client, "/v1/changes?limit=3", headers)
    for story in world.stories:
        is_granted = story.category == "africa" and not story.embargoed
        assert (story.word("title") in snapshot) == is_granted
    assert read(client, "/v1/headlines")["data"][0]["title"]
