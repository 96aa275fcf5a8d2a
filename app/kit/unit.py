"""One use case in progress: its transaction, its moment, who acts, and what it raised."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from app.kit.clock import Clock
from app.kit.database import Database
from app.kit.errors import ConstraintViolated
from app.kit.session import WriteSession
from app.kit.watch import CHANNEL

_ATTEMPTS = 3
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the id and name of an API key, or a program such as the importer."""

    id: str | None
    name: str


@dataclass(slots=True)
class Unit:
    """What a command works with. It never commits; whoever opened the unit does."""

    session: WriteSession
    now: datetime
    actor: Actor
    events: list[object] = field(default_factory=list)

    def raise_event(self, event: object) -> None:
        """Tell the layers above, inside the same transaction."""
        self.events.append(event)


class Runner:
    """Runs commands: one transaction each, in which the subscribers follow, then the commit."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        subscribers: Sequence[Callable[[Unit], None]],
        announce: Callable[[], None],
    ) -> None:
        """Run on a database; `subscribers` are called after each command, before the commit.

        `announce` is called after the commit, before anybody is told that it succeeded.
        """
        self._announce = announce
        self._database = database
        self._clock = clock
        self._subscribers = tuple(subscribers)

    def run(self, actor: Actor, command: Callable[[Unit], Result]) -> Result:
        """Run a command and return its result once it is committed.

        Where somebody else was faster at the same thing (two equal titles want one slug), the
        command is run again on what is there now.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once(actor, command)
            except ConstraintViolated:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _once(self, actor: Actor, command: Callable[[Unit], Result]) -> Result:
        with self._database.write() as session:
            unit = Unit(session, self._clock.now(), actor)
            result = command(unit)
            for follow in self._subscribers:
                follow(unit)
            session.notify(CHANNEL)
        self._announce()
        return result
