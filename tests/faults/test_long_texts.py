"""An expensive body blocks no other writer or reader."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.bootstrap import Services
from app.content import text_computation
from app.content.body_text import BodyText, render_text
from app.content.command_inputs import KillInput
from app.content.commands.create_article import create_article
from app.content.commands.kill_article import kill_article
from app.content.inputs import ArticleInput
from app.content.text_computation import TextComputation
from app.content.transfer.importer import Importer
from app.kit import json
from app.kit.errors import DatabaseBusy
from app.kit.precomputation import MAX_COST_INSIDE, ComputationNeeded, ComputedValues
from app.kit.sql.unit_of_work import Actor, UnitOfWork
from tests.newsroom import MERGE_PATCH, Newsroom

ACTOR = Actor(None, "tests")
LONG = "<p>word</p>" * (MAX_COST_INSIDE // 8)


class PreparationWatch:
    """Records for each long text whether a transaction of the same thread was open."""

    def __init__(self) -> None:
        self.inside = threading.local()
        self.seen: list[bool] = []

    def text(self, body: str, form: str, *, is_clean: bool = False) -> BodyText:
        if len(body) > MAX_COST_INSIDE:
            self.seen.append(getattr(self.inside, "open", False))
        return render_text(body, form, is_clean=is_clean)


@pytest.fixture
def preparation_watch(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PreparationWatch]:
    """Records the preparation of long texts in one of two places."""
    noted, run_once = PreparationWatch(), services.runner._run_once

    def run(*given: object, **named: object) -> object:
        noted.inside.open = True
        try:
            return run_once(*given, **named)  # type: ignore[arg-type]
        finally:
            noted.inside.open = False

    monkeypatch.setattr(services.runner, "_run_once", run)
    monkeypatch.setattr(text_computation, "render_text", noted.text)
    yield noted
    assert noted.seen
    assert not any(noted.seen)


def test_every_write_precomputes_texts_before_its_transaction(
    preparation_watch: PreparationWatch, newsroom: Newsroom, services: Services
) -> None:
    story = newsroom.story(body=LONG)
    path, anyone = f"/articles/{story['id']}", {"if-match": "*"}
    patching = {**anyone, "content-type": MERGE_PATCH}
    document = {"title": "A", "language": "en", "body": LONG + "<p>a</p>"}
    calls = [
        ("PUT", path, document, anyone),
        ("PATCH", path, {"body": LONG + "<p>b</p>"}, patching),
        ("PATCH", path, {"body": LONG + "*c*", "body_format": "markdown"}, patching),
        ("POST", f"{path}/publish", {}, anyone),
        ("POST", f"{path}/correct", {"note": "N", "changes": {"body": LONG + "*d*"}}, anyone),
        ("POST", f"{path}/revisions/1/restore", {}, anyone),
        ("POST", f"{path}/unpublish", {}, anyone),
        ("POST", "/articles/bulk", {"verb": "publish", "refs": [story["id"]]}, {}),
    ]
    for method, where, body, headers in calls:
        answer = newsroom.call(method, where, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    lines = [
        json.dumps({"type": "article", "external_id": str(n), **document, "status": "published"})
        for n in range(3)
    ]
    (outcomes,) = Importer(services.runner, ACTOR).run(lines)
    assert {outcome.status for outcome in outcomes} == {"created"}


def test_many_relative_addresses_are_resolved_before_the_transaction(
    newsroom: Newsroom, services: Services
) -> None:
    body = '<a href="/a">x</a>' * 5_000
    written = ArticleInput(title="A", language="en", body=body, url="https://a.example/")
    prepared: ComputedValues[BodyText] = ComputedValues()
    prepared.precompute([TextComputation(body, "html")])
    with (
        services.database.write() as session,
        pytest.raises(ComputationNeeded) as missing,
    ):
        create_article(UnitOfWork(session, services.clock.now(), ACTOR, prepared=prepared), written)
    assert len(missing.value.wanted) == 1
    assert "https://a.example/a" in newsroom.article(body=body, url="https://a.example/")["body"]


def test_a_kill_does_not_wait_for_a_long_text(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = newsroom.story("Victim")
    started, go_on = threading.Event(), threading.Event()

    def slow(body: str, form: str, *, is_clean: bool = False) -> BodyText:
        if len(body) > MAX_COST_INSIDE:
            started.set()
            assert go_on.wait(60)
        return render_text(body, form, is_clean=is_clean)

    monkeypatch.setattr(text_computation, "render_text", slow)
    written = ArticleInput(title="Slow", language="en", body=LONG, status="published")
    writer = threading.Thread(
        target=services.runner.run, args=(ACTOR, lambda unit: create_article(unit, written))
    )
    writer.start()
    try:
        assert started.wait(60)
        killed = services.runner.run(
            ACTOR, lambda unit: kill_article(unit, victim["id"], KillInput(notice="N"), None)
        )
        assert killed.stage == "killed"
        assert writer.is_alive()
    finally:
        go_on.set()
        writer.join(60)


def test_few_long_texts_are_computed_concurrently_and_many_are_refused() -> None:
    go_on, at_once, most = threading.Event(), [], []
    guard = threading.Lock()
    refused: list[DatabaseBusy] = []

    class Slow(TextComputation):
        def compute(self) -> BodyText:
            with guard:
                at_once.append(self)
                most.append(len(at_once))
            assert go_on.wait(60)
            with guard:
                at_once.remove(self)
            return BodyText("", "", 0, 0)

    def prepare(number: int) -> None:
        try:
            ComputedValues[BodyText]().precompute(
                [Slow("a" * MAX_COST_INSIDE + str(number), "html")]
            )
        except DatabaseBusy as wrong:
            refused.append(wrong)

    threads = [threading.Thread(target=prepare, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 60
    while len(refused) < 4 and time.monotonic() < until:
        time.sleep(0.01)
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert (max(most), len(refused)) == (2, 4)


def test_a_stored_body_above_a_new_limit_is_refused_on_publication(
    newsroom: Newsroom, services: Services
) -> None:
    draft = newsroom.article(body="*a*", body_format="markdown")

    def spoil(unit: UnitOfWork) -> None:
        from app.content import store

        article = store.find_article(unit.session, draft["id"], lock=True)
        assert article is not None
        store.update_articles(unit.session, [(article, replace(article, body="**a " * 90_000))])

    services.runner.run(ACTOR, spoil)
    answer = newsroom.call(
        "POST", f"/articles/{draft['id']}/publish", json={}, headers={"if-match": "*"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/body"


def test_relative_addresses_may_not_make_a_body_far_longer(newsroom: Newsroom) -> None:
    body, far = '<img src="a">' * 10_000, f"https://a.example/{'a/' * 900}"
    document = {"title": "A", "language": "en", "body": body, "status": "published"}
    expected = (422, ["#/body"])

    def find_pointers(
        method: str, path: str, document: dict[str, object], **headers: str
    ) -> object:
        answer = newsroom.call(method, path, json=document, headers=headers)
        return answer.status_code, [item["pointer"] for item in answer.json().get("errors", [])]

    assert find_pointers("POST", "/articles", {**document, "url": far}) == expected
    marked = {"body": "![a](a)\n\n" * 10_000, "body_format": "markdown"}
    assert find_pointers("POST", "/articles", {**document, **marked, "url": far}) == expected
    # Feeds resolve addresses that were not resolved when they were stored.
    story = newsroom.article(body=body, status="published")
    path, patching = f"/articles/{story['id']}", {"if-match": "*", "content-type": MERGE_PATCH}
    assert find_pointers("PATCH", path, {"url": far}, **patching) == (200, [])
    assert find_pointers("POST", f"{path}/publish", {}, **{"if-match": "*"}) == expected
    assert find_pointers("PATCH", path, {"url": "https://a.example/b"}, **patching) == (200, [])
    assert find_pointers("POST", f"{path}/publish", {}, **{"if-match": "*"}) == (200, [])
