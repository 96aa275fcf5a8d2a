"""NDJSON over HTTP: lines are handled as they come, and never all at once."""

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


class AnswerWhileReading(StreamingResponse):
    """A streamed answer to a request whose body is still being read.

    The framework's own waits for the reader's leaving meanwhile, and swallows parts of the body.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, and leave what comes in to whoever makes the answer."""
        await self.stream_response(send)


async def import_stream(
    services: Services,
    caller: Caller,
    chunks: AsyncIterator[bytes],
    *,
    dry_run: bool,
    request_id: str | None,
) -> AsyncIterator[bytes]:
    """Yield a result line for each line that comes in, after its batch is committed.

    Where the key was revoked or has expired, the last result says so of the first line that was
    not imported, and nothing after it is read.
    """
    importer = Importer(services.runner, caller.actor, dry_run=dry_run)
    batches = _batches(chunks, services.settings.max_line_bytes)
    try:
        async for batch, faults in batches:
            try:
                await _check_key(services, caller)
                outcomes = faults + await run_in_threadpool(_run, importer, batch)
            except KeyRefused as wrong:
                first = min([number for number, _ in batch] + [one.line for one in faults])
                outcomes = [LineOutcome(first, "refused", wrong=wrong)]
            outcomes.sort(key=lambda one: one.line)
            outcomes, is_over = _until_key_refused(outcomes)
            yield b"".join(json.dumps(_result(one, request_id)) + b"\n" for one in outcomes)
            if is_over:
                return
    except ClientDisconnect:
        # Whoever sent the lines is gone; what was not answered was not promised.
        return


async def export_stream(
    services: Services, caller: Caller, *, killed: bool
) -> AsyncIterator[bytes]:
    """Yield an export in chunks of lines; the transaction lasts as long as the reader.

    Raises `KeyRefused` before the first chunk after the key was revoked or has expired.
    """
    lines = _exported(services, killed=killed)
    try:
        while chunk := await run_in_threadpool(_joined, lines):
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
        return [LineOutcome(number, "refused", wrong=wrong) for number, _ in batch]


def _until_key_refused(outcomes: list[LineOutcome]) -> tuple[list[LineOutcome], bool]:
    """Return outcomes up to the first for which the key was refused, and whether there is one."""
    for count, outcome in enumerate(outcomes, 1):
        if isinstance(outcome.wrong, KeyRefused):
            return outcomes[:count], True
    return outcomes, False


async def _batches(
    chunks: AsyncIterator[bytes], longest: int
) -> AsyncIterator[tuple[list[tuple[int, bytes]], list[LineOutcome]]]:
    """Group incoming lines into numbered batches, each with the lines that are too long."""
    batch: list[tuple[int, bytes]] = []
    faults: list[LineOutcome] = []
    number, size = 0, 0
    async for line in _lines(chunks, longest):
        number += 1
        if line is None:
            faults.append(_too_long(number, longest))
        else:
            batch.append((number, line))
            size += len(line)
        if len(batch) + len(faults) == BATCH_LINES or size > longest:
            yield batch, faults
            batch, faults, size = [], [], 0
    if batch or faults:
        yield batch, faults


async def _lines(chunks: AsyncIterator[bytes], longest: int) -> AsyncIterator[bytes | None]:
    """Yield lines as they come in; nothing in place of one that is too long to be kept."""
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


def _too_long(number: int, longest: int) -> LineOutcome:
    wrong = BodyTooLarge(f"The line has over {longest} bytes.")
    return LineOutcome(number, "refused", wrong=wrong)


def _result(outcome: LineOutcome, request_id: str | None) -> dict[str, Any]:
    return ({"warnings": outcome.warnings} if outcome.warnings else {}) | {
        "line": outcome.line,
        "status": outcome.status,
        "type": outcome.type,
        "id": outcome.id,
        "slug": outcome.slug,
        "problem": _problem(outcome, outcome.wrong, request_id) if outcome.wrong else None,
    }


def _problem(outcome: LineOutcome, wrong: Exception, request_id: str | None) -> Any:
    if isinstance(wrong, ValidationError):
        found = wrong.errors(include_url=False, include_input=False)
        for one in found:
            # A line's type stands first in each location, and is no field.
            one["loc"] = one["loc"][1:]
        wrong = invalid_input(found, WRITABLE.get(str(outcome.type), ()))
    if not isinstance(wrong, Failure) or wrong.code not in PROBLEMS:
        wrong = Failure("The line could not be imported.")
    return json.loads(problem_for(wrong, request_id).body)


def _exported(services: Services, *, killed: bool) -> Generator[bytes, None, None]:
    with services.database.read() as session:
        for line in export_lines(session, services.clock.now(), killed=killed):
            yield json.dumps(line) + b"\n"


def _joined(lines: Iterator[bytes]) -> bytes:
    return b"".join(islice(lines, _EXPORT_CHUNK))
