"""For every change of a response, one of its surrogate keys was purged.

Stories, sources and categories are changed at random. Before and after each change the responses of
many addresses are computed again and compared. For each response that differs, one of its earlier
keys must have been purged.
"""

import random
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.syndication.push.purging import CdnPurger
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.receiver import Receiver

pytestmark = pytest.mark.slow

_STEPS = 50
_STORIES = 5
_LISTS = (
    "headlines articles?include=body headlines?category=asia headlines?source=wire&language=fr "
    "headlines?tag=x sources categories categories?tree=true sources/wire sources/the-wire "
    "categories/asia categories/far-east articles/none"
).split()


class RandomEditor:
    """Makes random changes, one at a time."""

    def __init__(self, newsroom: Newsroom, services: Services, clock: HandClock) -> None:
        self._newsroom = newsroom
        self._services = services
        self._clock = clock
        self._chance = random.Random(20261122)
        newsroom.source("Wire")
        newsroom.category("World")
        newsroom.category("Asia", parent="world")
        for number in range(_STORIES):
            links = {"source": "wire", "categories": ["asia"], "slug": f"s-{number}"}
            newsroom.article(f"Story {number}", **links)

    def step(self) -> str:
        """Make a change and return its name."""
        steps = [self.publish] * 4 + [self.withdraw, self.schedule, self.rename, self.translate]
        return self._chance.choice([*steps, self.move, self.wait])()

    def publish(self) -> str:
        """Publish a story with another title, and sometimes with another slug."""
        number = self._number()
        fields: dict[str, Any] = {"title": f"T {self._chance.random()}", "status": "published"}
        if self._chance.random() < 0.5:
            fields["slug"] = self._chance.choice([f"s-{number}", f"t-{number}"])
        fields["tags"] = self._chance.choice([[], ["x"]])
        self._newsroom.patch(self._story(number), **fields)
        return f"publish {number}"

    def withdraw(self) -> str:
        """Unpublish a story if it is public."""
        story = self._story(self._number())
        if story["state"] == "published":
            self._newsroom.verb(story, "unpublish")
        return f"withdraw {story['slug']}"

    def schedule(self) -> str:
        """Schedule the publication or the expiry of a story in a minute."""
        story = self._story(self._number())
        at = self._clock.now().replace(microsecond=0)
        soon = at.replace(minute=(at.minute + 1) % 60, hour=at.hour + (at.minute + 1) // 60)
        field = self._chance.choice(["published_at", "expires_at"])
        self._newsroom.patch(story, status="published", **{field: soon.isoformat()})
        return f"schedule {field} of {story['slug']}"

    def translate(self) -> str:
        """Make a story a translation of another one, or of none."""
        number = self._number() or 1
        story = self._story(number)
        of = self._chance.choice([None, "0"])
        original = self._story(0)["id"] if of else None
        fields: dict[str, Any] = {
            # Each in a different language: a group has one story in each.
            "language": f"fr-x-{number}" if of else "en",
            "translation_of": original,
        }
        self._newsroom.patch(story, status="published", **fields)
        return f"translate {story['slug']}"

    def rename(self) -> str:
        """Change the name and the slug of the source or of a category."""
        kind, slugs = self._chance.choice(
            [("sources", ("wire", "the-wire")), ("categories", ("asia", "far-east"))]
        )
        thing = self._newsroom.call("GET", f"/{kind}/{slugs[0]}", follow_redirects=True).json()
        slug = slugs[thing["slug"] == slugs[0]]
        self._newsroom.patch(thing, kind, slug=slug, name=slug)
        return f"rename {slug}"

    def move(self) -> str:
        """Move a category below another one, or to the top."""
        thing = self._newsroom.call("GET", "/categories/asia", follow_redirects=True).json()
        parent = None if thing["parent"] else "world"
        self._newsroom.patch(thing, "categories", parent=parent)
        return "move"

    def wait(self) -> str:
        """Advance the clock by two minutes, and run the worker."""
        self._clock.advance(minutes=2)
        log_due_changes(self._services)
        return "wait"

    def _number(self) -> int:
        return self._chance.randrange(_STORIES)

    def _story(self, number: int) -> dict[str, Any]:
        listed = self._newsroom.call("GET", "/articles?limit=100&sort=modified_at").json()["data"]
        ids = sorted(story["id"] for story in listed)
        document: dict[str, Any] = self._newsroom.call("GET", f"/articles/{ids[number]}").json()
        return document


@pytest.mark.exhaustive_on("postgresql")
def test_every_changed_answer_had_a_key_that_was_purged(
    newsroom: Newsroom,
    services: Services,
    clock: HandClock,
    client: TestClient,
    purging: CdnPurger,
    receiver: Receiver,
) -> None:
    editor = RandomEditor(newsroom, services, clock)
    listed = newsroom.call("GET", "/articles").json()["data"]
    refs = [story["id"] for story in listed] + [f"{a}-{n}" for a in "st" for n in range(_STORIES)]
    paths = [f"/v1/{path}" for path in [*_LISTS, *(f"articles/{ref}" for ref in refs)]]
    purging.catch_up()
    before, differing = _read(client, paths), 0
    for _ in range(_STEPS):
        receiver.requests.clear()
        step = editor.step()
        assert purging.catch_up()
        purged = {key for keys in receiver.load_keys() for key in keys}
        after = _read(client, paths)
        for path in paths:
            if after[path][0] != before[path][0]:
                differing += 1
                assert purged & before[path][1], (step, path, purged, before[path])
        before = after
    assert differing > 5 * _STEPS


def _read(client: TestClient, paths: list[str]) -> dict[str, tuple[object, set[str]]]:
    """Return the response of each address, and its surrogate keys."""
    answers: dict[str, tuple[object, set[str]]] = {}
    for path in paths:
        answer = client.get(path)
        assert answer.status_code in {200, 301, 404}, (path, answer.text)
        body = answer.content if answer.status_code == 200 else b""
        shown = (answer.status_code, body, answer.headers.get("location"))
        answers[path] = shown, set(answer.headers["surrogate-key"].split(" "))
    return answers
