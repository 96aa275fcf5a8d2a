"""Random commands at random times, compared with a simple model of what readers see."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app.api.app import create_app
from app.bootstrap import bootstrap
from app.kit.clock import format_instant
from app.kit.sql.database import Database
from app.settings import Settings
from app.worker import clean_up, log_due_changes
from tests.client import make_client
from tests.clock import HandClock
from tests.conftest import key_for
from tests.databases import fresh_database
from tests.newsroom import MERGE_PATCH, Newsroom
from tests.repetitions import repetitions
from tests.transfer.helpers import list_inconsistencies

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive_on("postgresql")]

_STORIES = 3
# The verbs do not depend on the database; fewer examples show that both databases agree.
_LIVES = {"sqlite": repetitions(8), "postgresql": repetitions(4)}
_NUMBER = st.integers(0, _STORIES - 1)
_HOURS = st.sampled_from([0.5, 1, 2, 5])
_ANSWERS = st.sampled_from(["not_found", "gone"])


@dataclass
class PublicCopy:
    """A public copy: for entitled readers from `offered`, for all from `opens`, until `ends`."""

    title: str
    offered: datetime
    opens: datetime
    ends: datetime | None
    released: bool

    def shows(self, now: datetime, *, entitled: bool) -> bool:
        opens = self.offered if entitled else self.opens
        return (self.released or opens <= now) and (self.ends is None or self.ends > now)


@dataclass
class StoryModel:
    """A simple model of one story, as the documentation of the verbs describes it."""

    title: str
    stage: str = "draft"
    deleted: bool = False
    at: datetime | None = None
    embargo: datetime | None = None
    ends: datetime | None = None
    public: PublicCopy | None = None
    answer: str | None = None
    # The readers that could ever have seen it: all, those with embargo access, or none.
    seen: str | None = None
    # The readers that get the answer for a withdrawn story.
    audience: str | None = None

    def look(self, now: datetime) -> None:
        """Record which readers can have seen it by now."""
        copy = self.public
        if copy is None:
            return
        if copy.released or copy.opens <= now:
            self.seen = "all"
        elif copy.offered <= now and self.seen is None:
            self.seen = "entitled"

    def state(self, now: datetime) -> str:
        if self.deleted:
            return "deleted"
        if self.stage != "published" or self.public is None:
            return self.stage
        if self.public.opens > now and not self.public.released:
            return "scheduled"
        ended = self.public.ends is not None and self.public.ends <= now
        return "expired" if ended else "published"

    def find_publication_time(self, now: datetime, at: datetime | None = None) -> datetime:
        """Return its publication time without the embargo, if it is published now."""
        waits = self.public is not None and self.state(now) == "scheduled"
        untouched = self.public is not None and self.at == self.public.opens
        before = self.public.offered if self.public and waits and untouched else self.at
        return at or before or now

    def is_never(self, now: datetime, at: datetime | None = None) -> bool:
        """Whether it would expire before its publication."""
        publication = self.find_publication_time(now, at)
        return publication > now and self.ends is not None and self.ends <= publication

    def publish(self, now: datetime, at: datetime | None = None) -> None:
        waits = self.public is not None and self.state(now) == "scheduled"
        before = self.public
        offered = self.find_publication_time(now, at)
        opens = offered
        if self.embargo is not None and self.embargo > offered:
            opens = self.embargo
        elif waits and before is not None and offered == before.offered:
            opens = max(offered, now)
        # A public story stays public when the clock is set back.
        was_out = before is not None and before.released and opens == before.opens
        out = was_out or opens <= now
        if out:
            self.answer = self.audience = None
        self.stage, self.at = "published", opens
        self.public = PublicCopy(self.title, offered, opens, self.ends, out)
        if self.ends is not None and self.ends <= now:
            self.public = PublicCopy(self.title, offered, opens, self.ends, released=False)

    def withdraw(self, now: datetime, stage: str, answer: str | None) -> None:
        self.look(now)
        copy = self.public
        if copy is not None and self.state(now) == "scheduled" and self.at == copy.opens:
            # The requested publication time, if it is in the future, and not the end of an embargo.
            self.at = copy.offered if copy.offered > now else None
        self.stage, self.public = stage, None
        self.answer, self.audience = answer, self.seen

    def find_expected(self, now: datetime, *, entitled: bool) -> tuple[int, str | None]:
        if self.public is not None and self.public.shows(now, entitled=entitled):
            return 200, self.public.title
        is_visible = self.audience == "all" or (self.audience == "entitled" and entitled)
        return (410, None) if self.answer is not None and is_visible else (404, None)


class StoryMachine(RuleBasedStateMachine):
    """Three stories, two kinds of readers, a newsroom, and a worker that runs at times."""

    dialect: ClassVar[str]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(TemporaryDirectory(dir=self.folder)))
        url = self._stack.enter_context(fresh_database(self.dialect, folder))
        self.clock = HandClock()
        database = Database(url, pool_size=3)
        self.services = bootstrap(Settings(database_url=url), clock=self.clock, database=database)
        self._stack.callback(self.services.close)
        app = create_app(self.services)
        self.client = self._stack.enter_context(make_client(app, base_url="http://testserver"))
        self.newsroom = Newsroom(self.client, key_for(self.services, "admin"))
        body = {"name": "partner", "scopes": ["read"], "embargoed": True}
        key = self.newsroom.call("POST", "/keys", json=body).json()["key"]
        self.entitled = {"authorization": f"Bearer {key}"}
        self.lives: list[StoryModel] = []
        self.ids: list[str] = []
        self._titles = 0

    @initialize()
    def write(self) -> None:
        for number in range(_STORIES):
            self.lives.append(StoryModel(f"Story {number}"))
            # The second is a translation of the first.
            tied = {"language": "fr", "translation_of": self.ids[0]} if number == 1 else {}
            self.ids.append(self.newsroom.article(f"Story {number}", **tied)["id"])

    @property
    def now(self) -> datetime:
        return self.clock.moment

    def _do(
        self, number: int, verb: str, *, allowed: bool, sensible: bool = True, **body: Any
    ) -> bool:
        path, match = f"/articles/{self.ids[number]}", {"if-match": "*"}
        if verb == "delete":
            answer = self.newsroom.call("DELETE", path, headers=match)
        elif verb == "patch":
            kind = {"content-type": MERGE_PATCH}
            answer = self.newsroom.call("PATCH", path, json=body, headers=match | kind)
        else:
            answer = self.newsroom.call("POST", f"{path}/{verb}", json=body, headers=match)
        expected = (200 if sensible else 422) if allowed else 409
        assert answer.status_code == expected, answer.text
        return allowed and sensible

    def _alive(self, number: int) -> bool:
        life = self.lives[number]
        return not life.deleted and life.stage != "killed"

    @rule(number=_NUMBER)
    def edit(self, number: int) -> None:
        self._titles += 1
        title = f"Title {self._titles}"
        if self._do(number, "patch", allowed=self._alive(number), title=title):
            self.lives[number].title = title

    @rule(number=_NUMBER, hours=_HOURS)
    def set_embargo(self, number: int, hours: float) -> None:
        until = self.now + timedelta(hours=hours)
        text = format_instant(until)
        if self._do(number, "patch", allowed=self._alive(number), embargo_until=text):
            self.lives[number].embargo = until

    @rule(number=_NUMBER)
    def lift_embargo(self, number: int) -> None:
        if self._do(number, "patch", allowed=self._alive(number), embargo_until=None):
            self.lives[number].embargo = None

    @rule(number=_NUMBER, hours=_HOURS)
    def set_end(self, number: int, hours: float) -> None:
        # After every schedule and embargo of this machine, so that nothing ends before it begins.
        ends = self.now + timedelta(hours=20 + hours)
        if self._do(number, "patch", allowed=self._alive(number), expires_at=format_instant(ends)):
            self.lives[number].ends = ends

    @rule(number=_NUMBER)
    def publish(self, number: int) -> None:
        life, allowed = self.lives[number], self._alive(number)
        if self._do(number, "publish", allowed=allowed, sensible=not life.is_never(self.now)):
            life.look(self.now)
            life.publish(self.now)

    @rule(number=_NUMBER, hours=_HOURS)
    def schedule(self, number: int, hours: float) -> None:
        life, at = self.lives[number], self.now + timedelta(hours=hours)
        allowed = self._alive(number) and life.state(self.now) != "published"
        sensible = not life.is_never(self.now, at)
        text = format_instant(at)
        if self._do(number, "schedule", allowed=allowed, sensible=sensible, at=text):
            life.look(self.now)
            life.publish(self.now, at)

    @rule(number=_NUMBER)
    def cancel(self, number: int) -> None:
        life = self.lives[number]
        if self._do(number, "schedule", allowed=life.state(self.now) == "scheduled", at=None):
            answer, audience = life.answer, life.audience
            life.withdraw(self.now, "unpublished", answer)
            life.audience = audience or life.audience
            if life.at is not None and life.at > self.now:
                life.at = None
            if life.seen is None:
                life.stage = "draft"

    @rule(number=_NUMBER)
    def correct(self, number: int) -> None:
        life = self.lives[number]
        self._titles += 1
        title = f"Right {self._titles}"
        allowed = life.state(self.now) == "published"
        if self._do(number, "correct", allowed=allowed, note="N.", changes={"title": title}):
            assert life.public is not None
            life.title = life.public.title = title

    @rule(number=_NUMBER, answer=_ANSWERS)
    def unpublish(self, number: int, answer: str) -> None:
        life = self.lives[number]
        expected = None if answer == "not_found" else answer
        same = life.stage == "unpublished" and life.answer == expected
        allowed = self._alive(number) and life.stage != "draft" and not same
        if self._do(number, "unpublish", allowed=allowed, answer=answer):
            life.withdraw(self.now, "unpublished", expected)

    @rule(number=_NUMBER)
    def kill(self, number: int) -> None:
        if self._do(number, "kill", allowed=self._alive(number), notice="N."):
            self.lives[number].withdraw(self.now, "killed", "killed")

    @rule(number=_NUMBER)
    def delete(self, number: int) -> None:
        life = self.lives[number]
        if self._do(number, "delete", allowed=self._alive(number)):
            over = life.state(self.now) in {"published", "expired"}
            stage = "unpublished" if life.stage == "published" else life.stage
            life.withdraw(self.now, stage, None if over else life.answer)
            life.deleted = True

    @rule(number=_NUMBER)
    def restore(self, number: int) -> None:
        life = self.lives[number]
        allowed = life.deleted or life.stage == "killed"
        if self._do(number, "restore", allowed=allowed, reason="R."):
            if life.stage == "killed":
                life.stage = "unpublished" if life.seen == "all" else "draft"
            life.deleted = False

    @rule(hours=_HOURS)
    def wait(self, hours: float) -> None:
        self.clock.advance(hours=hours)
        for life in self.lives:
            life.look(self.now)
            # The answer for a withdrawn story ends for good when the story is public again.
            if life.public is not None and life.public.shows(self.now, entitled=False):
                life.answer = life.audience = None

    @rule()
    def work(self) -> None:
        log_due_changes(self.services)
        clean_up(self.services)
        for life in self.lives:
            copy = life.public
            if copy is not None and copy.opens <= self.now:
                copy.released = True

    @rule()
    def set_clock_back(self) -> None:
        """The worker runs every second, so it has logged everything before this happens."""
        self.work()
        self.clock.advance(hours=-0.25)

    @invariant()
    def readers_see_what_the_model_says(self) -> None:
        for headers, entitled in ((None, False), (self.entitled, True)):
            shown: list[str | None] = []
            for id_, life in zip(self.ids, self.lives, strict=True):
                status, title = life.find_expected(self.now, entitled=entitled)
                answer = self.client.get(f"/v1/articles/{id_}", headers=headers)
                assert answer.status_code == status, (life, entitled, answer.text)
                if status == 200:
                    assert answer.json()["title"] == title
                    shown.append(title)
                    self._knows_its_translations(answer.json(), entitled=entitled)
            listed = self.client.get("/v1/headlines?count=exact", headers=headers).json()
            assert {story["title"] for story in listed["data"]} == set(shown)
            assert listed["page"]["count"] == len(shown)
            self._stands_once(set(shown), headers, entitled=entitled)

    def _find_title(self, number: int, *, entitled: bool) -> str | None:
        return self.lives[number].find_expected(self.now, entitled=entitled)[1]

    def _knows_its_translations(self, story: dict[str, Any], *, entitled: bool) -> None:
        tied = self.ids[:2] if story["id"] in self.ids[:2] else []
        others = [
            id_
            for number, id_ in enumerate(tied)
            if id_ != story["id"] and self._find_title(number, entitled=entitled)
        ]
        assert [translation["id"] for translation in story["translations"]] == others

    def _stands_once(
        self, shown: set[str | None], headers: dict[str, str] | None, *, entitled: bool
    ) -> None:
        path = "/v1/headlines?one_per_story=true&prefer=fr"
        listed = self.client.get(path, headers=headers).json()["data"]
        if self._find_title(1, entitled=entitled):
            shown = shown - {self._find_title(0, entitled=entitled)}
        assert {story["title"] for story in listed} == shown

    def teardown(self) -> None:
        try:
            if self.ids:
                self.work()
                assert list_inconsistencies(self.services) == []
        finally:
            self._stack.close()


@pytest.fixture
def machine(dialect: str, tmp_path: Path) -> type[StoryMachine]:
    """The machine on the database of the test."""
    return type("StoryMachine", (StoryMachine,), {"dialect": dialect, "folder": tmp_path})


@pytest.mark.slow
def test_readers_see_what_the_model_expects(machine: type[StoryMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=_LIVES[machine.dialect],
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
