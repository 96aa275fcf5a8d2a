"""Clients that write continuously, and record what the server acknowledged."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from typing import Any

from tests.faults.server import CUT_OFF, Client

MERGE_PATCH = "application/merge-patch+json"
# More than one batch of an import, so that some imports are interrupted between batches.
IMPORTED = 520


@dataclass(frozen=True, slots=True)
class Story:
    """A story as the server acknowledged it.

    `current` means that its working copy is the public one, `original` is the story that it
    translates.
    """

    id: str
    version: int
    title: str
    state: str
    current: bool
    original: str | None = None
    corrections: int = 0


@dataclass(slots=True)
class Known:
    """The last acknowledged state of a story, and the unanswered request after it."""

    story: Story
    requested: Story | None = None

    def allows(self, actual: Story) -> bool:
        """Whether a story may be in a state, for any moment of the server's death."""
        return actual in {self.story, self.requested}


@dataclass(slots=True)
class Ledger:
    """All acknowledged writes; each story belongs to one writer."""

    stories: dict[str, Known] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def acknowledge(self, story: Story) -> None:
        """Record an acknowledged write."""
        self.stories[story.id] = Known(story)
        self.touched.add(story.id)

    def require(self, right: bool, otherwise: str) -> None:
        """Record an error for the main thread, and stop the writer."""
        if not right:
            self.wrong.append(otherwise)
            raise HTTPException(otherwise)


# The name of a verb, its effect on a story, and its body.
Step = tuple[str, Story, dict[str, Any]]
_OVER = frozenset({"killed", "deleted"})
_FAR = "2040-01-01T00:00:00Z"
_STATES = "draft,scheduled,published,expired,unpublished,killed,deleted"


class Writer:
    """Applies every verb to its stories, one request at a time."""

    def __init__(self, ledger: Ledger, name: str, seed: int) -> None:
        self._ledger = ledger
        self._name = name
        self._random = random.Random(seed)
        self._own: list[str] = []
        self._count = 0
        # Never changed again, so that every other story can be linked to it.
        self._original: str | None = None

    def work(self, client: Client, stopped: threading.Event) -> None:
        """Write until the server has died."""
        while not stopped.is_set():
            self._step(client)

    def _step(self, client: Client) -> None:
        if self._original is None:
            self._original = self._create(client)["slug"]
            return
        if len(self._own) < 3 or self._random.random() < 0.25:
            self._own.append(self._create(client)["id"])
            return
        id_ = self._random.choice(self._own[-20:])
        known = self._ledger.stories[id_]
        if known.story.state in _OVER:
            self._own.remove(id_)
            return
        verb, wanted, body = self._next(known.story)
        self._change(client, verb, known, wanted, body)

    def _next(self, story: Story) -> Step:
        """Choose a verb that the state of a story allows."""
        chosen = self._random.random()
        wanted = replace(story, version=story.version + 1)
        if chosen < 0.6:
            return self._choose_any_command(chosen, replace(wanted, current=False))
        if story.state == "published" and chosen < 0.8:
            return (
                "correct",
                self._apply_correction(story),
                {"note": "N.", "changes": {"urgency": 1}},
            )
        if story.state == "published":
            return "unpublish", replace(wanted, current=False, state="unpublished"), {}
        if story.state == "scheduled" or chosen < 0.7:
            return "schedule", replace(wanted, current=True, state="scheduled"), {"at": _FAR}
        return "publish", replace(wanted, current=True, state="published"), {}

    def _choose_any_command(self, chosen: float, wanted: Story) -> Step:
        """Choose a command that every state allows; `wanted` is the expected next version."""
        if chosen < 0.35:
            title = self._title()
            return "PATCH", replace(wanted, title=title), {"title": title}
        if chosen < 0.5:
            # A separate language: a group has one story in each.
            tie = {"translation_of": self._original, "language": f"en-x-{self._number()}"}
            return "PATCH", replace(wanted, original=self._original), tie
        if chosen < 0.55:
            return "kill", replace(wanted, state="killed"), {"notice": "Wrong."}
        return "DELETE", replace(wanted, state="deleted"), {}

    @staticmethod
    def _apply_correction(story: Story) -> Story:
        """Return a story after a correction: a working copy that is ahead gets another version."""
        version = story.version + (1 if story.current else 2)
        return replace(story, version=version, corrections=story.corrections + 1)

    def _create(self, client: Client) -> dict[str, Any]:
        document = {
            "title": self._title(),
            "language": "en",
            "body": f"<p>{self._name}</p>" * 20,
            "status": self._random.choice(["draft", "published"]),
        }
        status, _, created = client.call("POST", "/v1/manage/articles", document)
        self._ledger.require(status == 201, f"creating answered {status}: {created}")
        self._ledger.acknowledge(_story(created))
        story: dict[str, Any] = created
        return story

    def _change(
        self, client: Client, verb: str, known: Known, wanted: Story, body: dict[str, Any]
    ) -> None:
        known.requested = wanted
        path = f"/v1/manage/articles/{wanted.id}"
        version = f'"v{known.story.version}"'
        self._ledger.touched.add(wanted.id)
        if verb == "DELETE":
            answer = client.call("DELETE", path, if_match=version)
        elif verb == "PATCH":
            answer = client.call("PATCH", path, body, if_match=version, content_type=MERGE_PATCH)
        else:
            answer = client.call("POST", f"{path}/{verb}", body, if_match=version)
        self._ledger.require(answer[0] == 200, f"{verb} answered {answer[0]}: {answer[2]}")
        self._ledger.require(_story(answer[2]) == wanted, f"{verb} made {answer[2]} of {known}")
        self._ledger.acknowledge(wanted)

    def _title(self) -> str:
        return f"{self._name} {self._number()}"

    def _number(self) -> int:
        self._count += 1
        return self._count


class ImportingWriter:
    """Imports the same lines with new titles again and again."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._round = 0
        self._ids: list[str] = []

    def begin(self, client: Client) -> None:
        """Import everything for the first time, while the server runs."""
        for outcome in client.stream_lines("/v1/manage/import", self._lines("Round 0")):
            assert outcome["status"] == "created", outcome
            self._ids.append(outcome["id"])
            self._ledger.acknowledge(Story(outcome["id"], 1, "Round 0", "published", current=True))

    def work(self, client: Client, stopped: threading.Event) -> None:
        """Import until the server has died."""
        while not stopped.is_set():
            self._round += 1
            self._import(client, f"Round {self._round}")

    def _import(self, client: Client, title: str) -> None:
        for id_ in self._ids:
            known = self._ledger.stories[id_]
            known.requested = replace(known.story, version=known.story.version + 1, title=title)
            self._ledger.touched.add(id_)
        for outcome in client.stream_lines("/v1/manage/import", self._lines(title)):
            self._ledger.require(outcome["status"] == "updated", f"import returned {outcome}")
            requested = self._ledger.stories[outcome["id"]].requested
            assert requested is not None
            self._ledger.acknowledge(requested)

    @staticmethod
    def _lines(title: str) -> bytes:
        return b"".join(_line(number, title) for number in range(IMPORTED))


@contextmanager
def writing(
    workers: list[Callable[[Client, threading.Event], None]], port: int, key: str
) -> Iterator[None]:
    """Let workers write concurrently until the block ends and the server has died."""
    stopped = threading.Event()

    def run(work: Callable[[Client, threading.Event], None]) -> None:
        client = Client(port, key)
        try:
            work(client, stopped)
        except CUT_OFF:
            pass
        finally:
            client.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in workers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def reconcile(ledger: Ledger, client: Client, ids: set[str]) -> None:
    """Require that stories are as acknowledged, or as last requested; record that state."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), 100):
        requested = ordered[start : start + 100]
        query = f"ids={','.join(requested)}&limit=100&state={_STATES}"
        status, _, page = client.call("GET", f"/v1/manage/articles?{query}")
        assert status == 200, page
        actual = {view["id"]: _story(view) for view in page["data"]}
        for id_ in requested:
            known = ledger.stories[id_]
            assert id_ in actual, f"{known} was acknowledged, and is gone"
            assert known.allows(actual[id_]), f"{known} became {actual[id_]}"
            ledger.stories[id_] = Known(actual[id_])


def _story(view: dict[str, Any]) -> Story:
    return Story(
        view["id"],
        view["version"],
        view["title"],
        view["state"],
        current=view["status"] == "published",
        original=view["translation_of"],
        corrections=len(view["corrections"]),
    )


def _line(number: int, title: str) -> bytes:
    line = {
        "type": "article",
        "external_id": f"x-{number}",
        "source": "agency",
        "language": "en",
        "title": title,
        "slug": f"imported-{number}",
        "status": "published",
    }
    return json.dumps(line).encode() + b"\n"
