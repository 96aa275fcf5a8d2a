"""A random editor, which makes every kind of change that followers get."""

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from typing import Any

from tests.clock import HandClock
from tests.newsroom import Newsroom

_OVER = frozenset({"killed", "deleted"})


class RandomEditor:
    """An editor that makes random changes."""

    def __init__(self, newsroom: Newsroom, clock: HandClock, rng: random.Random) -> None:
        self.rng = rng
        self.done: set[str] = set()
        self._newsroom = newsroom
        self._clock = clock
        self._count = 0
        self._stories: list[dict[str, Any]] = []
        self._sources = [newsroom.source(f"S {number}") for number in range(3)]
        self._categories = [newsroom.category(f"C {number}") for number in range(4)]
        # These are never changed directly: their paths change with the categories above them.
        newsroom.category("Below", parent="c-3")
        newsroom.category("Far below", parent="below")
        self._spare: dict[str, Any] | None = None
        # All changes in turn, but in an unpredictable order.
        self._dealt: list[Callable[[], None]] = []
        self._ends = cycle(("unpublish", "kill", "unpublish", "delete"))

    def category_id(self, number: int) -> str:
        """Return the id of a category that stories are in."""
        id_: str = self._categories[number]["id"]
        return id_

    def act(self) -> None:
        """Make one change."""
        if not self._dealt:
            often = [self._write, self._write, self._change, self._change]
            seldom = [
                self._end,
                self._move,
                self._rename,
                self._link_translation,
                self._make_and_delete,
            ]
            seldom.append(self._correct)
            self._dealt = self.rng.sample(often + seldom, len(often + seldom))
        self._dealt.pop()()

    def _in(self, *minutes: int) -> str:
        return (self._clock.now() + timedelta(minutes=self.rng.choice(minutes))).isoformat()

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "tags": self.rng.sample(["a", "b", "c"], 2),
            "categories": [self.rng.choice(self._categories)["id"]],
            "image": {"url": "https://pictures.example/1.jpg"},
            "source": self.rng.choice(self._sources)["id"],
            "published_at": self._in(-60, 0, 45),
            "expires_at": None,
            "embargo_until": None,
        }
        chance = self.rng.random()
        if chance < 0.2:
            fields["expires_at"] = self._in(60, 120)
        elif chance < 0.5:
            fields["embargo_until"] = self._in(30, 90, 400)
        return fields

    def _write(self) -> None:
        self._count += 1
        story = self._newsroom.story(f"Story {self._count}", **self._fields())
        self._stories.append(story)

    def _choose_story(self, *states: str) -> int | None:
        """Choose a story that is not deleted or killed, in one of these states if any are given."""
        candidates = [
            number
            for number, story in enumerate(self._stories)
            if story["state"] not in _OVER and (not states or story["status"] in states)
        ]
        return self.rng.choice(candidates) if candidates else None

    def _change(self) -> None:
        at = self._choose_story()
        if at is not None:
            fields = self._fields() | {"status": "published"}
            self._stories[at] = self._newsroom.patch(self._stories[at], **fields)

    def _end(self) -> None:
        at = self._choose_story("published")
        if at is None:
            return
        how = next(self._ends)
        self.done.add(how)
        if how == "delete":
            response = self._newsroom.delete(self._stories.pop(at))
            assert response.is_success, response.text
        else:
            fields = {"notice": "Wrong."} if how == "kill" else {}
            self._stories[at] = self._newsroom.verb(self._stories[at], how, **fields)

    def _correct(self) -> None:
        """Correct a story, and restore the one that was killed last."""
        killed = [
            number for number, story in enumerate(self._stories) if story["state"] == "killed"
        ]
        if killed:
            story = self._stories[killed[-1]]
            self._stories[killed[-1]] = self._newsroom.verb(story, "restore", reason="Right.")
            self.done.add("restore")
        at = self._choose_story("published")
        if at is not None and self._is_published(at):
            self._count += 1
            changes = {"title": f"Right {self._count}"}
            self._stories[at] = self._newsroom.verb(
                self._stories[at], "correct", note="Wrong.", changes=changes
            )
            self.done.add("correct")

    def _is_published(self, at: int) -> bool:
        """Return whether a story is published: it may have expired."""
        article = self._newsroom.call("GET", f"/articles/{self._stories[at]['id']}").json()
        return bool(article["state"] == "published")

    def _link_translation(self) -> None:
        """Make a story a translation of another, in a separate language, or unlink it."""
        at, other = self._choose_story("published"), self._choose_story("published")
        if at is None or at == other:
            return
        self._count += 1
        parted = self._stories[at]["translation_of"] is not None
        original = None if parted else self._stories[other or 0]["id"]
        fields = {"translation_of": original, "language": f"fr-x-n{self._count}"}
        response = self._newsroom.patching(
            self._stories[at], "articles", **fields, status="published"
        )
        if response.is_success:
            self._stories[at] = response.json()
            self.done.add("part" if parted else "tie")
        else:
            # Others refer to it as their original, or its original does not exist any more.
            assert response.status_code == 422, response.text

    def _rename(self) -> None:
        self._count += 1
        kind, things, free = self.rng.choice(
            (("sources", self._sources, (2,)), ("categories", self._categories, (0, 3)))
        )
        at = self.rng.randrange(len(things))
        fields = {"name": f"Name {self._count}"}
        # The others are followed by their slugs.
        if at in free:
            fields["slug"] = f"slug-{self._count}"
        things[at] = self._newsroom.patch(things[at], kind, **fields)

    def _make_and_delete(self) -> None:
        """Create a category without stories, and delete it the next time."""
        if self._spare is None:
            self._spare = self._newsroom.category("Spare")
            return
        response = self._newsroom.delete(self._spare, "categories")
        assert response.is_success, response.text
        self._spare = None

    def _move(self) -> None:
        child, parent = self.rng.sample(range(4), 2)
        under = None if child < parent else self._categories[parent]["id"]
        self._categories[child] = self._newsroom.patch(
            self._categories[child], "categories", parent=under
        )
