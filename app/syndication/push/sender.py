"""Send due deliveries concurrently, and record their outcomes.

Requests in flight are known only in memory. After a crash their deliveries are still pending, and
the next process sends them again with the same ids.
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
from app.syndication.push.events import KILLED
from app.syndication.push.handlers import (
    DeliveryHandler,
    NotDeliverableNow,
    OutgoingRequest,
    Verdict,
)
from app.syndication.push.partner_events import NotDueYet
from app.syndication.push.retry_schedule import receiver_delay, retry_delay
from app.syndication.push.send_slots import SendSlot, SendSlots
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.deliveries import DeliveryRow, DueDelivery
from app.syndication.push.store.receivers import Receiver, WebhookRow
from app.syndication.push.stored_secrets import SecretUnreadable

_log = logging.getLogger("dateline.push")
_UNREADABLE_PAUSE = timedelta(minutes=1)

# Arguments: id of a webhook, new state, reason.
StopWebhook = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class _InFlight:
    """A delivery in flight."""

    row: DeliveryRow
    build_request: OutgoingRequest
    sending: Future[HttpOutcome]
    place: SendSlot


class Sender:
    """Sends due deliveries. One thread uses it; answers arrive on other threads."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        client: HttpClient,
        handlers: Mapping[str, DeliveryHandler],
        stop: StopWebhook,
        pause_after: timedelta,
        allows_unverified: AddressCheck | None = None,
    ) -> None:
        """Send nothing yet; `allows_unverified` limits unverified requests by address."""
        self._database = database
        self._clock = clock
        self._client = client
        self._handlers = handlers
        self._stop = stop
        self._pause_after = pause_after
        self._allows_unverified = allows_unverified
        self._in_flight: dict[int, _InFlight] = {}
        self._slots = SendSlots()
        self._arrived = threading.Event()
        self._closed = False
        # The webhooks whose secrets could not be read, to log each only once.
        self._unreadable: set[str] = set()
        # Verdicts since the process started.
        self.outcomes: Counter[tuple[str, str]] = Counter()

    @property
    def is_idle(self) -> bool:
        """Tell whether no request is in flight."""
        return not self._in_flight

    def wait(self, seconds: float) -> bool:
        """Wait until an answer arrives or the time is over; tell which."""
        return self._arrived.wait(seconds)

    def close(self) -> None:
        """Cancel requests in flight, and send nothing more."""
        self._closed = True
        self._client.close()

    def forget(self) -> None:
        """Forget requests in flight: another process sends them again and records the outcome."""
        for sent in self._in_flight.values():
            self._slots.release(sent.place)
        self._in_flight.clear()

    def settle(self) -> bool:
        """Record the outcomes of answered requests; tell whether there were any."""
        self._arrived.clear()
        finished = [sent for sent in self._in_flight.values() if sent.sending.done()]
        if not finished or self._closed:
            return False
        now, stops = self._clock.now(), dict[str, tuple[str, str]]()
        with self._database.write() as session:
            known = self._receivers(session, [sent.row for sent in finished])
            for sent in finished:
                self._settle_delivery(session, sent, known, stops, now)
        for sent in finished:
            del self._in_flight[sent.row.number]
            self._slots.release(sent.place)
        for id_, (state, why) in stops.items():
            _log.warning("the webhook %s is %s: %s", id_, state, why)
            self._stop(id_, state, why)
        return True

    def start(self) -> None:
        """Start due deliveries, as far as slots allow."""
        full = set[str]()
        while not self._closed and (free := self._slots.free) > 0:
            now = self._clock.now()
            with self._database.read() as session:
                rows = deliveries.find_due(
                    session, now, free, under_way=list(self._in_flight), full=full
                )
                known = self._receivers(session, [due.row for due in rows])
            dropped = [due.row for due in rows if not self._start_delivery(due, known, full, now)]
            if dropped:
                self._drop(dropped)
            if len(rows) < free:
                return

    def _start_delivery(
        self, due: DueDelivery, known: dict[str, Receiver], full: set[str], now: datetime
    ) -> bool:
        """Start a delivery if its receiver has a slot; return False if it must be dropped."""
        row = due.row
        receiver = known.get(row.receiver)
        if receiver is None or (due.killed and row.event != KILLED):
            return False
        handler, failing = self._handlers[row.kind], bool(receiver.failures)
        if not self._slots.has_slot(row.receiver, handler.most_concurrent, failing=failing):
            full.add(row.receiver)
            return True
        try:
            outgoing = handler.build_request(row, receiver, now)
        except NotDeliverableNow:
            full.add(row.receiver)
            return True
        except (NotDueYet, SecretUnreadable) as reason:
            self._postpone(row, reason, now)
            return True
        if outgoing is None:
            return False
        self._send(row, outgoing, self._slots.take(row.receiver, failing=failing))
        return True

    def _postpone(
        self, row: DeliveryRow, reason: NotDueYet | SecretUnreadable, now: datetime
    ) -> None:
        """Let a delivery wait until it is due, or for an operator who reads why; no attempt."""
        with self._database.write() as session:
            if isinstance(reason, NotDueYet):
                deliveries.reschedule(session, row.number, row.serial, reason.until)
                return
            deliveries.settle(session, row, due_at=now + _UNREADABLE_PAUSE, answer=str(reason))
        if row.receiver not in self._unreadable:
            self._unreadable.add(row.receiver)
            _log.error("the webhook %s gets nothing: %s", row.receiver, reason)

    def _send(self, row: DeliveryRow, outgoing: OutgoingRequest, slot: SendSlot) -> None:
        try:
            sending = self._client.start(
                outgoing.method,
                outgoing.url,
                outgoing.headers,
                outgoing.body,
                self._allows_unverified if outgoing.is_unverified else None,
            )
        except LeadershipLost:
            self._slots.release(slot)
            raise
        self._in_flight[row.number] = _InFlight(row, outgoing, sending, slot)
        sending.add_done_callback(slot.stop_clock)
        sending.add_done_callback(lambda _: self._arrived.set())

    def _drop(self, rows: list[DeliveryRow]) -> None:
        with self._database.write() as session:
            for row in rows:
                deliveries.settle(session, row, state="dropped", due_at=None, body=None)

    def _receivers(self, session: ReadSession, rows: Sequence[DeliveryRow]) -> dict[str, Receiver]:
        found: dict[str, Receiver] = {}
        for kind in self._handlers:
            found |= receivers.load_by_ids(
                session, kind, sorted({row.receiver for row in rows if row.kind == kind})
            )
        return found

    def _settle_delivery(
        self,
        session: WriteSession,
        sent: _InFlight,
        known: dict[str, Receiver],
        stops: dict[str, tuple[str, str]],
        now: datetime,
    ) -> None:
        row, outcome = sent.row, wait_for_outcome(sent.sending)
        verdict = self._handlers[row.kind].judge(row, sent.build_request, outcome)
        self.outcomes[row.kind, verdict] += 1
        receiver = known.get(row.receiver)
        if receiver is None:
            return
        self._record_attempt(session, row, receiver, outcome, verdict, now)
        self._handlers[row.kind].finish(session, row, sent.build_request, verdict, now)
        failing_since = self._update_health(session, row, receiver, verdict, now)
        if row.kind == "webhook" and verdict == "gone":
            stops[row.receiver] = ("disabled", "The receiver answered 410: it is gone.")
        elif (
            row.kind == "webhook"
            and failing_since is not None
            and now - failing_since >= self._pause_after
        ):
            stops[row.receiver] = ("paused", "Every delivery failed for too long.")
        if receiver.failures or verdict != "delivered":
            known |= receivers.load_by_ids(session, row.kind, [row.receiver])

    def _record_attempt(
        self,
        session: WriteSession,
        row: DeliveryRow,
        receiver: Receiver,
        outcome: HttpOutcome,
        verdict: Verdict,
        now: datetime,
    ) -> None:
        attempts = row.attempts + 1
        wait = retry_delay(attempts) if verdict == "failed" else None
        is_stopped = isinstance(receiver, WebhookRow) and receiver.state != "active"
        final_state = "delivered" if verdict == "delivered" else "failed"
        tried: dict[str, Any] = {
            "attempts": attempts,
            "tried_at": now,
            "status": outcome.status if isinstance(outcome, HttpResponse) else None,
            "answer": None if isinstance(outcome, HttpResponse) else outcome.reason,
        }
        settled = deliveries.settle(
            session,
            row,
            state=final_state if wait is None else "pending",
            due_at=None if wait is None or is_stopped else now + wait,
            **tried,
        )
        if not settled:
            deliveries.settle_dropped(session, row, delivered=verdict == "delivered", **tried)

    def _update_health(
        self,
        session: WriteSession,
        row: DeliveryRow,
        receiver: Receiver,
        verdict: Verdict,
        now: datetime,
    ) -> datetime | None:
        """Update the health of a receiver; return since when it has failed, or None."""
        if verdict == "delivered":
            if receiver.failures:
                receivers.change(
                    session, row.kind, receiver.id, failing_since=None, failures=0, retry_at=None
                )
                deliveries.hasten(session, receiver.id, receiver.failing_since or now, now)
            return None
        since = receiver.failing_since or now
        failures = receiver.failures + 1
        retry_at = now + receiver_delay(failures)
        receivers.change(
            session,
            row.kind,
            receiver.id,
            failing_since=since,
            failures=failures,
            retry_at=retry_at,
        )
        if retry_at > now:
            deliveries.postpone(session, receiver.id, retry_at)
        return since
