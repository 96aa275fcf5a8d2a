"""The unit of work of a command: transaction, time, actor, events; and the command runner."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from app.kit.clock import Clock
from app.kit.errors import ConstraintViolated, DatabaseBusy, Failure
from app.kit.precomputation import MAX_COST_INSIDE, ComputationNeeded, ComputedValues
from app.kit.sql.change_watch import CHANNEL
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession

# The type of an actor that is not a key or a program.
PERSON = "person"
_ATTEMPTS = 3
# Each computes other values; more are needed when concurrent writes change the inputs.
_MAX_PREPARATIONS = 20
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an API key or a person with an id, or a program such as the importer.

    `type` is `PERSON`, or None for the others. If there is a request, it has its id and the
    client's address, and the id of its session.
    """

    id: str | None
    name: str
    address: str | None = None
    request_id: str | None = None
    session_id: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class AuditedAction:
    """An action for the audit log: verb, object, and the changed fields before and after.

    The subscriber that writes the log defines the allowed verbs and types.
    """

    verb: str
    type: str
    id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(slots=True)
class UnitOfWork:
    """The transaction of a command, which never commits itself.

    `events` are handled by higher layers in the same transaction.
    """

    session: WriteSession
    now: datetime
    actor: Actor
    events: list[object] = field(default_factory=list)
    actions: list[AuditedAction] = field(default_factory=list)
    prepared: ComputedValues[Any] = field(default_factory=ComputedValues)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a savepoint; a `Failure` rolls back the database, events and actions to it."""
        events, actions = len(self.events), len(self.actions)
        try:
            with self.session.savepoint():
                yield
        except Failure:
            del self.events[events:], self.actions[actions:]
            raise

    def audit(
        self,
        verb: str,
        type_: str,
        id_: str | None,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Add an action for the audit log; of two states, only the differences are stored."""
        both = before is not None and after is not None
        was, has_become = before or {}, after or {}
        old: dict[str, Any] = {}
        new: dict[str, Any] = {}
        for name in sorted(was.keys() | has_become.keys()):
            if both and was.get(name) == has_become.get(name):
                continue
            if name in was:
                old[name] = was[name]
            if name in has_become:
                new[name] = has_become[name]
        states = (None if before is None else old, None if after is None else new)
        self.actions.append(AuditedAction(verb, type_, id_, *states))


class Guard(Protocol):
    """Checks that the actor of a unit of work may still act; raises a `Failure`."""

    def check(self, unit: UnitOfWork) -> None:
        """Check the actor before the work."""
        ...

    def check_again(self, unit: UnitOfWork) -> None:
        """Check the actor after the work, before the commit."""
        ...


class _NoGuard:
    """Allows every actor, for programs that use a database without keys."""

    def check(self, unit: UnitOfWork) -> None:
        """Allow the work."""

    def check_again(self, unit: UnitOfWork) -> None:
        """Allow the commit."""


NO_GUARD: Guard = _NoGuard()


class Runner:
    """Runs each command in a transaction, calls the subscribers in it, and commits."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        subscribers: Sequence[Callable[[UnitOfWork], None]],
        announce: Callable[[str], None],
        guard: Guard = NO_GUARD,
        options: frozenset[str] = frozenset(),
    ) -> None:
        """Run on a database; `subscribers` are called after each command, before the commit.

        `announce` is called after the commit, before it is acknowledged, with the payload of the
        commit's notification. `guard` checks inside each transaction that its actor may act.
        `options` are those of what is prepared for commands.
        """
        self.options = options
        self._guard = guard
        self._announce = announce
        self._database = database
        self._clock = clock
        self._subscribers = tuple(subscribers)

    def run(
        self,
        actor: Actor,
        command: Callable[[UnitOfWork], Result],
        prepared: ComputedValues[Any] | None = None,
    ) -> Result:
        """Run a command, commit, and return its result.

        After a conflict with a concurrent write (two equal titles need the same slug), the command
        runs again. `prepared` contains values that were computed for it already. Other expensive
        values are computed between two attempts, outside of any transaction.
        """
        prepared = ComputedValues(self.options) if prepared is None else prepared
        conflicts = preparations = 0
        while True:
            try:
                return self._run_once(actor, command, prepared)
            except ConstraintViolated:
                conflicts, preparations = conflicts + 1, 0
                if conflicts == _ATTEMPTS:
                    raise
            except ComputationNeeded as missing:
                preparations += 1
                if preparations == _MAX_PREPARATIONS:
                    detail = "The story keeps being changed by others. Try again shortly."
                    raise DatabaseBusy(detail) from missing
                prepared.precompute(missing.wanted)

    def _run_once(
        self, actor: Actor, command: Callable[[UnitOfWork], Result], prepared: ComputedValues[Any]
    ) -> Result:
        prepared.left, commit = MAX_COST_INSIDE, uuid4().hex
        with self._database.write() as session:
            unit = UnitOfWork(session, self._clock.now(), actor, prepared=prepared)
            self._guard.check(unit)
            result = command(unit)
            self._guard.check_again(unit)
            for follow in self._subscribers:
                follow(unit)
            session.notify(CHANNEL, commit)
        self._announce(commit)
        return result
