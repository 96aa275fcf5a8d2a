"""A public resource: its path, who may read it, and the function that computes its answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from app.access.caller import Caller
from app.api.http.access import Reads
from app.api.http.answer import Answer
from app.api.http.parameters import ParameterSet
from app.bootstrap import Services


class TakesLong(Exception):
    """The rest of the work on an answer takes long, and does not belong on the event loop."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What a reader asks for: a path, a canonical query string, and who asks.

    `on_loop` says that the answer is computed on the event loop.
    """

    path: str
    query: bytes
    reader: Caller
    on_loop: bool = False

    def leave_loop(self) -> None:
        """Raise `TakesLong` on the event loop: what comes next is work for a worker thread."""
        if self.on_loop:
            raise TakesLong


@dataclass(frozen=True, slots=True)
class Resource:
    """One public resource.

    `path` is the template of its path. `answer` is called with the services, the request and the
    parts of the path by name, and returns an `Answer`. `parameters` are those of its query.

    One that runs `inline` is computed on the event loop on SQLite, unless it finds out that it
    takes long (`ReadRequest.leave_loop`): then it is called again in a worker thread. One that
    runs in a `thread` always takes long. One that is `async` is a coroutine function that takes
    the `ChangeNotifier` as well; with the parameter `waits` it is a long poll.

    `awaited` does the same as `answer` on PostgreSQL, with one statement that is awaited; where
    that is not enough it leaves the loop, too.
    """

    path: str
    reads: Reads
    answer: Callable[..., Any]
    parameters: ParameterSet
    runs: Literal["inline", "thread", "async"] = "inline"
    waits: str | None = None
    awaited: Callable[..., Awaitable[Answer]] | None = None


class Match(NamedTuple):
    """A resource and the parts of the path by which it was found."""

    resource: Resource
    parts: Mapping[str, str]

    def compute(self, services: Services, request: ReadRequest) -> Answer:
        """Compute an answer in this thread; refusals are raised."""
        resource, parts = self
        resource.reads.allow(services, request.reader)
        answer: Answer = resource.answer(services, request, **parts)
        return answer
