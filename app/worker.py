"""The background loops: due stories, cleanup, push, purging, and the search index."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from zoneinfo import ZoneInfo

from app.access.audit import delete_older
from app.access.idempotency import delete_expired_answers
from app.access.limits.limit_reports import delete_idle_use
from app.access.people.sessions import delete_old_sessions
from app.bootstrap import Services, find_search_path
from app.content import store as content_store
from app.content.commands import purge_article
from app.content.commands.follow_time_zones import follow_time_zones
from app.delivery import log_retention
from app.delivery.timed_changes import BATCH, log_offered, release_due, remove_expired
from app.kit.backoff import compute_backoff
from app.kit.errors import Failure
from app.kit.process.file_permissions import create_folder
from app.kit.sql.change_watch import Version
from app.kit.sql.leadership import ASK_EVERY, FileLeadership, as_leader
from app.kit.sql.unit_of_work import Actor, UnitOfWork
from app.partners.commands import announce_endings
from app.partners.commands.forget_counted_days import BATCH as COUNTED_BATCH
from app.partners.commands.forget_counted_days import forget_counted_days
from app.search.errors import IndexUnavailable
from app.search.index_updater import IndexUpdater
from app.syndication.push.purging import FOLLOWER, CdnPurger
from app.syndication.push.push import POLL_SECONDS, Push

_log = logging.getLogger("dateline.worker")
_ACTOR = Actor(None, "worker")
_CLEAN_UP_EVERY = 600
# A large log is not trimmed in one run, since other work waits meanwhile.
_MAX_TRIMMED = 100 * log_retention.BATCH
# Seconds: between checks for writes, between checks without writes, and before a retry.
_POLL_SECONDS, _IDLE_SECONDS, _RETRY_AFTER = 0.02, 1.0, 2.0
# Seconds between checks whether counts are due.
_WRITE_SECONDS = 0.5
# Seconds between checks that the index is writable, by a process that does not write it.
_PROBE_EVERY = 30.0
# Seconds between two commits of the index. Searches include stories that are not indexed yet, so
# nobody waits. Each commit creates a segment, and segments have to be merged.
_COMMIT_PAUSE = 0.75


class Worker:
    """The threads of the background work, which run until they are stopped.

    One of all processes with the same database is the leader and does the work; the others wait to
    take over. Push and purging have separate threads, so that slow receivers delay nothing else.
    Each process writes its own counts of usage.
    """

    def __init__(self, services: Services) -> None:
        """Create the threads for services."""
        self._services = services
        self._leadership = services.leadership
        self._stopped = threading.Event()
        push = partial(self._push, services.push)
        self._threads = [
            threading.Thread(target=self._keep_leadership, name="leader", daemon=True),
            threading.Thread(target=self.run, name="worker", daemon=True),
            threading.Thread(target=push, name="push", daemon=True),
            threading.Thread(target=self._write_counts, name="counts", daemon=True),
            threading.Thread(target=self._share_limits, name="limits", daemon=True),
        ]
        if services.purging is not None:
            purge = partial(self._purge, services.purging)
            self._threads.append(threading.Thread(target=purge, name="purging", daemon=True))

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop, and wait for the current work; cancel outgoing requests."""
        self._stopped.set()
        self._services.limit_reports.wake()
        if self._services.purging is not None:
            self._services.purging.close()
        self._services.push.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=30)
        self._leadership.release()

    def run(self) -> None:
        """Work until stopped; a failure is logged, and the loop continues."""
        interval, failure_log = self._services.settings.worker_interval, _FailureLog("the worker")
        turns = 0
        while not self._stopped.wait(interval):
            if self._leadership.term is None:
                continue
            with failure_log.catch(), as_leader(self._leadership):
                log_due_changes(self._services)
                self._services.database.checkpoint()
                if turns % max(1, int(_CLEAN_UP_EVERY / interval)) == 0:
                    clean_up(self._services)
            turns += 1

    def _write_counts(self) -> None:
        """Write what this process counts in memory until stopped; no other work delays it."""
        interval = min(_WRITE_SECONDS, self._services.settings.worker_interval)
        refusals, refused = self._services.refusals, _FailureLog("the audit of refused keys")
        usage, unwritten = self._services.usage, _FailureLog("usage and receipts")
        uses, unnoted = self._services.key_uses, _FailureLog("the last use of keys")
        while not self._stopped.wait(interval):
            with refused.catch():
                refusals.write_if_due(self._services.runner)
            with unwritten.catch():
                usage.write_if_due()
            with unnoted.catch():
                uses.write_if_due()
        with refused.catch():
            refusals.write(self._services.runner)
        with unwritten.catch():
            usage.write()
        with unnoted.catch():
            uses.write()

    def _share_limits(self) -> None:
        """Report the use of limits until stopped, and what is left then."""
        reports, failure_log = self._services.limit_reports, _FailureLog("the sharing of limits")
        while not self._stopped.is_set():
            with failure_log.catch():
                reports.run()
            reports.wait()
        with failure_log.catch():
            reports.run()

    def _keep_leadership(self) -> None:
        """Acquire the leadership when it is free, and renew it, until stopped."""
        every = min(ASK_EVERY, self._services.settings.worker_interval)
        failure_log, led = _FailureLog("leadership"), False
        while not self._stopped.is_set():
            with failure_log.catch():
                self._leadership.try_acquire()
            leads = self._leadership.term is not None
            if leads != led:
                _log.info("this process %s the background work", "does" if leads else "leaves")
            led = leads
            self._stopped.wait(every)

    def _purge(self, purging: CdnPurger) -> None:
        """Purge changes from a CDN until stopped; back off after a failure."""
        interval = wait = self._services.settings.worker_interval
        failures, failure_log = 0, _FailureLog("purging")
        while not self._stopped.wait(wait):
            if self._leadership.term is not None:
                is_done = False
                with failure_log.catch(), as_leader(self._leadership):
                    is_done = purging.catch_up()
                failures = 0 if is_done else failures + 1
            wait = compute_backoff(failures) if failures else interval

    def _push(self, push: Push) -> None:
        """Send webhooks and feed updates until stopped; a failure does not end the loop."""
        failure_log, term = _FailureLog("push"), self._leadership.term
        while not self._stopped.is_set():
            before, term = term, self._leadership.term
            if term != before:
                push.sender.forget()
            if term is None:
                self._stopped.wait(POLL_SECONDS)
                continue
            with failure_log.catch(), as_leader(self._leadership):
                push.run_step_if_needed()
                push.sender.wait(POLL_SECONDS)
            if failure_log:
                self._stopped.wait(_RETRY_AFTER)


class _FailureLog:
    """Logs the failure of a loop once, not with each retry; true while it fails."""

    def __init__(self, name: str) -> None:
        """Start without a failure."""
        self._name = name
        self._detail = ""

    def __bool__(self) -> bool:
        """Tell whether the last attempt failed."""
        return bool(self._detail)

    @contextmanager
    def catch(self) -> Iterator[None]:
        """Catch a `Failure` of the block."""
        try:
            yield
        except Failure as failure:
            if failure.detail != self._detail:
                _log.warning("%s could not go on: %s", self._name, failure.detail)
            self._detail = failure.detail
        else:
            self._detail = ""


def clean_up(services: Services) -> None:
    """Delete expired data, and reschedule stories after changes of time zone rules."""
    services.runner.run(_ACTOR, delete_expired_answers)
    services.runner.run(_ACTOR, delete_old_sessions)
    services.runner.run(_ACTOR, partial(delete_older, days=services.settings.audit_days))
    services.runner.run(_ACTOR, _delete_expired_previews)
    services.runner.run(_ACTOR, delete_idle_use)
    trim_log_in_batches(services)
    purge_trash_in_batches(services)
    announce_endings_in_batches(services)
    forget_counted_days_in_batches(services)
    services.push.tidy()
    # Otherwise the rules stay cached, and an update of tzdata has no effect.
    ZoneInfo.clear_cache()
    after: str | None = ""
    while after is not None:
        _, after = services.runner.run(_ACTOR, partial(follow_time_zones, after=after))


def trim_log_in_batches(services: Services) -> None:
    """Delete superseded log rows older than the retention, in one transaction for each batch."""
    if services.purging is None:
        # Without purging, its old position would keep the log for ever.
        services.runner.run(_ACTOR, partial(log_retention.forget_follower, name=FOLLOWER))
    trim = partial(log_retention.trim_log, days=services.settings.log_days)
    done = trimmed = services.runner.run(_ACTOR, trim)
    while done == log_retention.BATCH and trimmed < _MAX_TRIMMED:
        done = services.runner.run(_ACTOR, trim)
        trimmed += done


def purge_trash_in_batches(services: Services) -> None:
    """Purge deleted stories after the retention of the trash, a transaction for each batch."""
    purge = partial(purge_article.purge_trash, days=services.settings.trash_days)
    while services.runner.run(_ACTOR, purge) == purge_article.BATCH:
        pass


def announce_endings_in_batches(services: Services) -> None:
    """Announce agreements that end soon, a transaction for each batch."""
    while services.runner.run(_ACTOR, announce_endings.announce_endings) == announce_endings.BATCH:
        pass


def forget_counted_days_in_batches(services: Services) -> None:
    """Delete the days on which stories counted long ago, a transaction for each batch."""
    forget = partial(forget_counted_days, days=services.settings.usage_days)
    while services.runner.run(_ACTOR, forget) == COUNTED_BATCH:
        pass


def _delete_expired_previews(unit: UnitOfWork) -> None:
    content_store.delete_expired_previews(unit.session, unit.now)


def log_due_changes(services: Services) -> int:
    """Write log rows for due publications, expiries and embargoes; return the number of stories."""
    if not services.delivery.has_unlogged_changes():
        return 0
    return sum(
        _run_until_done(services, command) for command in (release_due, remove_expired, log_offered)
    )


def _run_until_done(services: Services, command: Callable[[UnitOfWork], int]) -> int:
    """Run a command until a batch is not full; return the number of stories."""
    total = 0
    while True:
        done = services.runner.run(_ACTOR, command)
        total += done
        if done < BATCH:
            return total


class Indexer:
    """A thread that updates the search index of this machine from the log.

    One of all processes on a machine does so; the others wait to take over.
    """

    def __init__(self, services: Services) -> None:
        """Create the thread for the index of services."""
        self._watch = services.watch
        self._index = services.index
        self._updater = IndexUpdater(services.index, services.delivery)
        self._path = find_search_path(services.settings, services.database)
        self._leadership = FileLeadership(str(self._path))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self.run, name="indexer", daemon=True)
        self._version: Version = -1
        self._looked_at, self._probed_at = 0.0, -_PROBE_EVERY

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the current work."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=30)
        self._leadership.release()

    def run(self) -> None:
        """Update the index until stopped; a failure is logged, and the loop continues."""
        self._create_folder()
        pause = 0.0
        failure_log = _FailureLog("the index")
        while not self._stopped.wait(pause):
            pause = _RETRY_AFTER
            with failure_log.catch():
                pause = self._step()
        self._updater.close()

    def _create_folder(self) -> None:
        try:
            create_folder(self._path.parent)
        except OSError as error:
            _log.warning("there is no room for the index: %s", error)

    def _check_writable(self) -> None:
        """Raise if this process cannot get the lock because the folder is not writable."""
        now = time.monotonic()
        if now - self._probed_at < _PROBE_EVERY:
            return
        fault = self._index.write_fault()
        if fault is not None:
            raise IndexUnavailable(fault)
        self._probed_at = now

    def _step(self) -> float:
        """Do a part of the work; return the seconds until the next step."""
        if not self._leadership.try_acquire():
            self._check_writable()
            return _IDLE_SECONDS
        version, now = self._watch.version(), time.monotonic()
        if version == self._version and now - self._looked_at < _IDLE_SECONDS:
            return _POLL_SECONDS
        # A concurrent write changes the version, and is handled in the next step.
        if self._updater.step():
            return 0.0
        rest = _POLL_SECONDS if version == self._version else _COMMIT_PAUSE
        self._version, self._looked_at = version, now
        return rest
