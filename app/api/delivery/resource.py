"""A public resource: its path, who may read it, and the function that computes its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.access.caller import Caller
from app.api.http.access import Reads
from app.api.http.answer import Answer
from app.api.http.parameters import ParameterSet
from app.bootstrap import Services


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What a reader asks for: a path, a canonical query string, and who asks."""

    path: str
    query: bytes
    reader: Caller


@dataclass(frozen=True, slots=True)
class Deferred:
    """The rest of the work on an answer, which may take long and is done in a worker thread."""

    compute: Callable[[], Answer]


Begun = Answer | Deferred


@dataclass(frozen=True, slots=True)
class Resource:
    """One public resource.

    `path` is the template of its path. `start` is called with the services, the request and the
    parts of the path by name; it returns an `Answer`, or `Deferred` where the rest may take long.
    `parameters` are those of its query. A resource that `waits` is a coroutine function that takes
    the `ChangeNotifier` as well.
    """

    path: str
    reads: Reads
    start: Callable[..., Any]
    parameters: ParameterSet
    waits: bool = False


class Match(NamedTuple):
    """A resource and the parts of the path by which it was found."""

    resource: Resource
    parts: Mapping[str, str]


def begin(services: Services, match: Match, request: ReadRequest) -> Begun:
    """Begin an answer: return it, or what is left to be done; refusals are raised."""
    resource, parts = match
    resource.reads.allow(services, request.reader)
    begun: Begun = resource.start(services, request, **parts)
    return begun


def finish(begun: Begun) -> Answer:
    """Return an answer, doing in this thread whatever is left to be done."""
    return begun.compute() if isinstance(begun, Deferred) else begun


def compute(services: Services, match: Match, request: ReadRequest) -> Answer:
    """Compute an answer in this thread."""
    return finish(begin(services, match, request))
