"""A copy under an entitlement has what the grants include, after every change and every minute."""

import random
from datetime import timedelta

import pytest

from app.access.entitlement import Entitlement, Grant, combine
from app.access.selection import Clause, Field, Selection
from app.bootstrap import Services
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.sync.granted_copy import GrantedCopy
from tests.sync.random_editor import RandomEditor

_STEPS = 40


def some(field: Field, *included: str, excluded: tuple[str, ...] = ()) -> Selection:
    return Selection((Clause(field, included, excluded),))


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def choose_entitlements(editor: RandomEditor) -> list[Entitlement]:
    first, second, third = (editor.category_id(number) for number in range(3))
    delayed, archive = Grant(delay=minutes(40)), Grant(images=False, depth=minutes(100))
    early = Grant(some("category", first, second), embargoed=True)
    headlines = Grant(some("tag", excluded=("b",)), "headline")
    return [
        combine([Grant(some("tag", "a", excluded=("c",)))]),
        combine([delayed]),
        combine([Grant(form="headline"), Grant(delay=minutes(30), depth=minutes(200))]),
        combine([Grant(embargoed=True, depth=minutes(90))]),
        combine([early, headlines, archive]),
        combine(
            [
                early,
                Grant(some("tag", "a"), images=False, delay=minutes(25)),
                Grant(some("category", third, excluded=(first,)), depth=minutes(60)),
                Grant(some("tag", "c"), "headline", images=False, delay=minutes(10)),
                Grant(some("language", "en"), "headline", delay=minutes(75), depth=minutes(300)),
            ]
        ),
    ]


@pytest.mark.exhaustive_on("postgresql")
@pytest.mark.slow
def test_a_copy_has_what_its_grants_include(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    editor = RandomEditor(newsroom, clock, random.Random(7))
    copies = [GrantedCopy(services, entitlement) for entitlement in choose_entitlements(editor)]
    copies += [GrantedCopy(services, copies[-1].entitlement, some("tag", "b"))]
    lazy = [GrantedCopy(services, copy.entitlement) for copy in copies[1:6]]
    could_have: dict[GrantedCopy, set[str]] = {copy: set() for copy in (*copies, *lazy)}
    for number in range(_STEPS):
        clock.advance(minutes=editor.rng.randrange(30))
        log_due_changes(services)
        _check(editor, copies, could_have)
        editor.act()
        log_due_changes(services)
        _check(editor, [*copies, *(lazy if number % 7 == 6 else ())], could_have)
    assert editor.done >= {"unpublish", "kill", "delete", "correct", "restore"}
    # Both verbs and the clock caused changes.
    reasons = {(change["op"], change["reason"]) for copy in copies for change in copy.changes}
    assert reasons >= {("upsert", "updated"), ("remove", "left"), ("remove", "killed")}


def _check(
    editor: RandomEditor, copies: list[GrantedCopy], could_have: dict[GrantedCopy, set[str]]
) -> None:
    for copy in could_have:
        could_have[copy] |= copy.find_allowed().keys()
    for copy in copies:
        changes = copy.catch_up(editor.rng.choice((1, 2, 3)))
        assert copy.forms() == copy.find_allowed(), (copy.entitlement, changes)
        assert copy.list_stories() == copy.load_expected(), (copy.entitlement, changes)
        removed = {change["id"] for change in changes if change["op"] == "remove"}
        assert removed <= could_have[copy], changes


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_story_beyond_the_depth_is_removed_without_other_changes(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    copy = GrantedCopy(services, combine([Grant(depth=minutes(30))]))
    story = newsroom.story("Story")
    assert [change["op"] for change in copy.catch_up(10)] == ["upsert"]
    clock.advance(minutes=31)
    (change,) = copy.catch_up(10)
    assert (change["op"], change["reason"], change["id"]) == ("remove", "left", story["id"])
    assert copy.catch_up(10) == []
