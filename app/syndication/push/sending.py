"""Making deliveries: what is due is sent, many at once, and what came of it is written down.

What is under way is known in memory alone. Whoever is killed leaves rows that wait, and the next
process sends them again, under the same ids.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.kit.clock import Clock
from app.kit.errors import LeadershipLost
from app.kit.http_client import (
    AddressCheck,
    HttpClient,
    HttpOutcome,
    HttpResponse,
    wait_for_outcome,
)
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession, WriteSession
from app.syndication.push.couriers import Courier, NotNow, Outgoing, Verdict
from app.syndication.push.events import KILLED
from app.syndication.push.room import Place, Room
from app.syndication.push.schedule import next_try, silence_after
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.deliveries import Due, Message
from app.syndication.push.store.receivers import Receiver, WebhookRow

_log = logging.getLogger("dateline.push")

# Given the id of a webhook, its new state, and why.
Stop = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A delivery under way."""

    row: Message
    outgoing: Outgoing
    sending: Future[HttpOutcome]
    place: Place


class Sender:
    """Sends what is due. One thread works with it; answers arrive from others."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        client: HttpClient,
        couriers: Mapping[str, Courier],
        stop: Stop,
        pause_after: timedelta,
        allows_unproven: AddressCheck | None = None,
    ) -> None:
        """Send nothing yet; `allows_unproven` says where questions may go."""
        self._database = database
        self._clock = clock
        self._client = client
        self._couriers = couriers
        self._stop = stop
        self._pause_after = pause_after
        self._allows_unproven = allows_unproven
        self._under_way: dict[int, _Sent] = {}
        self._room = Room()
        self._arrived = threading.Event()
        self._closed = False
        # What became of requests since the process started.
        self.outcomes: Counter[tuple[str, str]] = Counter()

    @property
    def idle(self) -> bool:
        """Tell whether nothing is under way."""
        return not self._under_way

    def wait(self, seconds: float) -> bool:
        """Wait for an answer to arrive, or as long as that; tell which."""
        return self._arrived.wait(seconds)

    def close(self) -> None:
        """Call off what is under way, and send nothing more."""
        self._closed = True
        self._client.close()

    def forget(self) -> None:
        """Forget what is under way: another process sends it again, and writes down what comes."""
        for one in self._under_way.values():
            self._room.leave(one.place)
        self._under_way.clear()

    def settle(self) -> bool:
        """Write down what came of the requests that were answered; tell whether there were any."""
        self._arrived.clear()
        over = [one for one in self._under_way.values() if one.sending.done()]
        if not over or self._closed:
            return False
        now, stops = self._clock.now(), dict[str, tuple[str, str]]()
        with self._database.write() as session:
            known = self._receivers(session, [one.row for one in over])
            for one in over:
                self._settle_one(session, one, known, stops, now)
        for one in over:
            del self._under_way[one.row.number]
            self._room.leave(one.place)
        for id_, (state, why) in stops.items():
            _log.warning("the webhook %s is %s: %s", id_, state, why)
            self._stop(id_, state, why)
        return True

    def start(self) -> None:
        """Begin to send what is due, as far as each receiver, and all together, may be sent."""
        full = set[str]()
        while not self._closed and (room := self._room.left) > 0:
            now = self._clock.now()
            with self._database.read() as session:
                rows = deliveries.due(
                    session, now, room, under_way=list(self._under_way), full=full
                )
                known = self._receivers(session, [one.row for one in rows])
            nothing = [one.row for one in rows if not self._begin_one(one, known, full, now)]
            if nothing:
                self._drop(nothing)
            if len(rows) < room:
                return

    def _begin_one(
        self, due: Due, known: dict[str, Receiver], full: set[str], now: datetime
    ) -> bool:
        """Begin a delivery if its receiver may be sent more; say no if it is not to be made."""
        row = due.row
        receiver = known.get(row.receiver)
        if receiver is None or (due.killed and row.event != KILLED):
            return False
        courier, failing = self._couriers[row.kind], bool(receiver.failures)
        if not self._room.has_place(row.receiver, courier.at_once, failing=failing):
            full.add(row.receiver)
            return True
        try:
            outgoing = courier.outgoing(row, receiver, now)
        except NotNow:
            full.add(row.receiver)
            return True
        if outgoing is None:
            return False
        self._send(row, outgoing, self._room.take(row.receiver, failing=failing))
        return True

    def _send(self, row: Message, outgoing: Outgoing, place: Place) -> None:
        try:
            sending = self._client.start(
                outgoing.method,
                outgoing.url,
                outgoing.headers,
                outgoing.body,
                self._allows_unproven if outgoing.unproven else None,
            )
        except LeadershipLost:
            self._room.leave(place)
            raise
        self._under_way[row.number] = _Sent(row, outgoing, sending, place)
        sending.add_done_callback(place.answered)
        sending.add_done_callback(lambda _: self._arrived.set())

    def _drop(self, rows: list[Message]) -> None:
        with self._database.write() as session:
            for row in rows:
                deliveries.settle(session, row, state="dropped", due_at=None, body=None)

    def _receivers(self, session: ReadSession, rows: Sequence[Message]) -> dict[str, Receiver]:
        found: dict[str, Receiver] = {}
        for kind in self._couriers:
            found |= receivers.by_ids(
                session, kind, sorted({row.receiver for row in rows if row.kind == kind})
            )
        return found

    def _settle_one(
        self,
        session: WriteSession,
        sent: _Sent,
        known: dict[str, Receiver],
        stops: dict[str, tuple[str, str]],
        now: datetime,
    ) -> None:
        row, outcome = sent.row, wait_for_outcome(sent.sending)
        verdict = self._couriers[row.kind].judge(row, sent.outgoing, outcome)
        self.outcomes[row.kind, verdict] += 1
        receiver = known.get(row.receiver)
        if receiver is None:
            return
        self._write(session, row, receiver, outcome, verdict, now)
        self._couriers[row.kind].done(session, row, sent.outgoing, verdict, now)
        fares = self._fare(session, row, receiver, verdict, now)
        if row.kind == "webhook" and verdict == "gone":
            stops[row.receiver] = ("disabled", "The receiver answered 410: it is gone.")
        elif row.kind == "webhook" and fares is not None and now - fares >= self._pause_after:
            stops[row.receiver] = ("paused", "Every delivery failed for too long.")
        if receiver.failures or verdict != "delivered":
            known |= receivers.by_ids(session, row.kind, [row.receiver])

    def _write(
        self,
        session: WriteSession,
        row: Message,
        receiver: Receiver,
        outcome: HttpOutcome,
        verdict: Verdict,
        now: datetime,
    ) -> None:
        attempts = row.attempts + 1
        wait = next_try(attempts) if verdict == "failed" else None
        held = isinstance(receiver, WebhookRow) and receiver.state != "active"
        over = "delivered" if verdict == "delivered" else "failed"
        tried: dict[str, Any] = {
            "attempts": attempts,
            "tried_at": now,
            "status": outcome.status if isinstance(outcome, HttpResponse) else None,
            "answer": None if isinstance(outcome, HttpResponse) else outcome.reason,
        }
        settled = deliveries.settle(
            session,
            row,
            state=over if wait is None else "pending",
            due_at=None if wait is None or held else now + wait,
            **tried,
        )
        if not settled:
            deliveries.settle_dropped(session, row, delivered=verdict == "delivered", **tried)

    def _fare(
        self,
        session: WriteSession,
        row: Message,
        receiver: Receiver,
        verdict: Verdict,
        now: datetime,
    ) -> datetime | None:
        """Note how a receiver fares; return since when it has failed, if it does."""
        if verdict == "delivered":
            if receiver.failures:
                receivers.change(
                    session, row.kind, receiver.id, failing_since=None, failures=0, retry_at=None
                )
                deliveries.hasten(session, receiver.id, receiver.failing_since or now, now)
            return None
        since = receiver.failing_since or now
        failures = receiver.failures + 1
        again = now + silence_after(failures)
        receivers.change(
            session, row.kind, receiver.id, failing_since=since, failures=failures, retry_at=again
        )
        if again > now:
            deliveries.postpone(session, receiver.id, again)
        return since
