"""NDJSON over HTTP, streamed: never all lines are in memory."""

from collections.abc import AsyncIterator, Generator, Iterator
from itertools import islice
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.access.caller import Caller
from app.access.errors import KeyRefused
from app.access.key_validity import require_valid_key
from app.api.http.errors import BodyTooLarge
from app.api.http.problems import PROBLEMS, problem_for
from app.api.http.validation import invalid_input
from app.bootstrap import Services
from app.content.transfer.export import export_lines
from app.content.transfer.importer import BATCH_LINES, Importer
from app.content.transfer.lines import LineOutcome
from app.content.views import WRITABLE
from app.kit import json
from app.kit.errors import Failure

_EXPORT_CHUNK = 100


class ResponseWhileReading(StreamingResponse):
    """A streamed response to a request whose body is still being read.

    The base class waits for the client's disconnect, and so consumes parts of the body.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, and receive nothing: the producer of its body does that."""
        await self.stream_response(send)


async def import_stream(
    services: Services,
    caller: Caller,
    chunks: AsyncIterator[bytes],
    *,
    dry_run: bool,
    request_id: str | None,
) -> AsyncIterator[bytes]:
    """Yield a result for each received line, after its batch is committed.

    If the key was revoked or has expired, the last result reports that for the first line that was
    not imported, and no more lines are read.
    """
    importer = Importer(services.runner, caller.actor, dry_run=dry_run)
    batches = _group_lines(chunks, services.settings.max_line_bytes)
    try:
        async for batch, faults in batches:
            try:
                await _check_key(services, caller)
                outcomes = faults + await run_in_threadpool(_run, importer, batch)
            except KeyRefused as wrong:
                first = min([number for number, _ in batch] + [fault.line for fault in faults])
                outcomes = [LineOutcome(first, "refused", error=wrong)]
            outcomes.sort(key=lambda outcome: outcome.line)
            outcomes, is_over = _stop_at_refused_key(outcomes)
            yield b"".join(
                json.dumps(_build_result(outcome, request_id)) + b"\n" for outcome in outcomes
            )
            if is_over:
                return
    except ClientDisconnect:
        # The client has left; lines without a result may be missing.
        return


async def export_stream(
    services: Services, caller: Caller, *, killed: bool
) -> AsyncIterator[bytes]:
    """Yield an export in chunks of lines, in one transaction.

    Raises `KeyRefused` before the first chunk after the key was revoked or has expired.
    """
    lines = _export(services, killed=killed)
    try:
        while chunk := await run_in_threadpool(_join_chunk, lines):
            await _check_key(services, caller)
            yield chunk
    finally:
        await run_in_threadpool(lines.close)


async def _check_key(services: Services, caller: Caller) -> None:
    """Raise `KeyRefused` if the key of a request is not valid any more."""
    await run_in_threadpool(require_valid_key, services.database, services.clock, caller)


def _run(importer: Importer, batch: list[tuple[int, bytes]]) -> list[LineOutcome]:
    try:
        return importer.run_batch(batch) if batch else []
    except Failure as wrong:
        return [LineOutcome(number, "refused", error=wrong) for number, _ in batch]


def _stop_at_refused_key(outcomes: list[LineOutcome]) -> tuple[list[LineOutcome], bool]:
    """Return outcomes up to the first one with a refused key, and whether there is one."""
    for count, outcome in enumerate(outcomes, 1):
        if isinstance(outcome.error, KeyRefused):
            return outcomes[:count], True
    return outcomes, False


async def _group_lines(
    chunks: AsyncIterator[bytes], longest: int
) -> AsyncIterator[tuple[list[tuple[int, bytes]], list[LineOutcome]]]:
    """Group received lines into numbered batches, each with the lines that are too long."""
    batch: list[tuple[int, bytes]] = []
    faults: list[LineOutcome] = []
    number, size = 0, 0
    async for line in _split_lines(chunks, longest):
        number += 1
        if line is None:
            faults.append(_build_too_long(number, longest))
        else:
            batch.append((number, line))
            size += len(line)
        if len(batch) + len(faults) == BATCH_LINES or size > longest:
            yield batch, faults
            batch, faults, size = [], [], 0
    if batch or faults:
        yield batch, faults


async def _split_lines(chunks: AsyncIterator[bytes], longest: int) -> AsyncIterator[bytes | None]:
    """Yield received lines; None for a line that is too long."""
    rest, skipping = b"", False
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield None if skipping or len(line) > longest else line
            skipping = False
        if skipping or len(rest) > longest:
            rest, skipping = b"", True
    if skipping:
        yield None
    elif rest:
        yield rest


def _build_too_long(number: int, longest: int) -> LineOutcome:
    wrong = BodyTooLarge(f"The line has over {longest} bytes.")
    return LineOutcome(number, "refused", error=wrong)


def _build_result(outcome: LineOutcome, request_id: str | None) -> dict[str, Any]:
    return ({"warnings": outcome.warnings} if outcome.warnings else {}) | {
        "line": outcome.line,
        "status": outcome.status,
        "type": outcome.type,
        "id": outcome.id,
        "slug": outcome.slug,
        "problem": _build_problem(outcome, outcome.error, request_id) if outcome.error else None,
    }


def _build_problem(outcome: LineOutcome, wrong: Exception, request_id: str | None) -> Any:
    if isinstance(wrong, ValidationError):
        found = wrong.errors(include_url=False, include_input=False)
        for error in found:
            # Each location begins with the type of the line, which is no field.
            error["loc"] = error["loc"][1:]
        wrong = invalid_input(found, WRITABLE.get(str(outcome.type), ()))
    if not isinstance(wrong, Failure) or wrong.code not in PROBLEMS:
        wrong = Failure("The line could not be imported.")
    return json.loads(problem_for(wrong, request_id).body)


def _export(services: Services, *, killed: bool) -> Generator[bytes, None, None]:
    with services.database.read() as session:
        for line in export_lines(session, services.clock.now(), killed=killed):
            yield json.dumps(line) + b"\n"


def _join_chunk(lines: Iterator[bytes]) -> bytes:
    return b"".join(islice(lines, _EXPORT_CHUNK))
