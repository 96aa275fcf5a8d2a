"""Purge a CDN by surrogate keys while following the log."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.delivery.invalidation import EVERYTHING, SurrogateKeys
from app.delivery.log_follower import LogFollower
from app.delivery.store import Change
from app.kit import json
from app.kit.clock import format_instant
from app.kit.http_client import HttpClient, HttpOutcome, HttpResponse

FOLLOWER = "purging"
# The lowest limit of the common CDNs. No key is longer than 42 bytes, so headers stay below 2 kB.
_MOST_KEYS = 30
# More requests than these are replaced by one for everything.
_MOST_REQUESTS = 10
# Retries come at least once a minute, so after this time something else is wrong.
_TOO_LONG = timedelta(minutes=10)

_log = logging.getLogger("dateline.purging")


@dataclass(frozen=True, slots=True)
class PurgeReceiver:
    """The purge endpoint of the CDN; the token is a secret."""

    url: str
    method: str
    token: str | None = field(default=None, repr=False)


class CdnPurger:
    """Sends all purges to one receiver: each at least once, in the order of the log."""

    def __init__(
        self,
        follower: LogFollower,
        surrogates: SurrogateKeys,
        client: HttpClient,
        receiver: PurgeReceiver,
    ) -> None:
        """Begin at the follower's position in the log."""
        self._follower = follower
        self._surrogates = surrogates
        self._client = client
        self._receiver = receiver
        self._failures = 0
        self._closed = False
        # Successful and failed requests since the process started.
        self.sent = 0
        self.failed = 0

    def catch_up(self) -> bool:
        """Purge all new changes; tell whether that succeeded."""
        return self._follower.follow(self._purge)

    def lag(self) -> int:
        """Return how many serials the receiver is behind the log."""
        return self._follower.count_waiting()

    def flaws(self, now: datetime) -> list[str]:
        """Return what is wrong if purges have failed for long."""
        since = self._follower.find_oldest_waiting()
        if since is None or now - since < _TOO_LONG:
            return []
        return [
            f"purging: the CDN has not been told of changes since {format_instant(since)}. Check "
            "DATELINE_PURGE_URL and DATELINE_PURGE_TOKEN, and that a server or a worker runs."
        ]

    def close(self) -> None:
        """Cancel requests in flight, and send nothing more."""
        self._closed = True
        self._client.close()

    def _purge(self, rows: Sequence[Change]) -> bool:
        return all(self._send(keys) for keys in _split_keys(self._surrogates.keys_of_changes(rows)))

    def _send(self, keys: Sequence[str]) -> bool:
        outcome = self._client.send(
            self._receiver.method,
            self._receiver.url,
            self._headers(keys),
            json.dumps({"surrogate_keys": keys}),
        )
        succeeded = isinstance(outcome, HttpResponse) and 200 <= outcome.status < 300
        if succeeded or not self._closed:
            self._record_outcome(succeeded, outcome)
        return succeeded

    def _headers(self, keys: Sequence[str]) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "surrogate-key": " ".join(keys),
            "cache-tag": ",".join(keys),
        }
        if self._receiver.token is not None:
            headers["authorization"] = f"Bearer {self._receiver.token}"
        return headers

    def _record_outcome(self, succeeded: bool, outcome: HttpOutcome) -> None:
        """Count, and log the first failure and the recovery, without the URL and the content."""
        if succeeded:
            self.sent += 1
            if self._failures:
                _log.info("the CDN is told of changes again, after %d failures", self._failures)
            self._failures = 0
            return
        self.failed += 1
        self._failures += 1
        if self._failures == 1:
            reason = (
                f"status {outcome.status}" if isinstance(outcome, HttpResponse) else outcome.reason
            )
            _log.warning("the CDN could not be told of changes, and will be: %s", reason)


def _split_keys(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    if len(keys) > _MOST_KEYS * _MOST_REQUESTS:
        keys = (EVERYTHING,)
    for start in range(0, len(keys), _MOST_KEYS):
        yield keys[start : start + _MOST_KEYS]
