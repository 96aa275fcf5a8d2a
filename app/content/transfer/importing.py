"""Import: NDJSON lines to content, in batches of one transaction each.

A line matches what is there by id, then by source and external id, then by slug. An equal line
writes nothing, so a file can be imported again. An outcome is given only after its batch is
committed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from pydantic import ValidationError

from app.access.errors import KeyRefused
from app.content.transfer.articles import ArticleBatch
from app.content.transfer.lines import (
    LINE,
    ArticleLine,
    CategoryLine,
    Outcome,
    SourceLine,
    type_of,
)
from app.content.transfer.taxonomy import import_category, import_source
from app.kit import json
from app.kit.errors import ConstraintViolated, Failure, InvalidInput
from app.kit.sql.unit_of_work import Actor, Runner, UnitOfWork

_BOM = b"\xef\xbb\xbf"
BATCH_LINES = 500
_BATCH_BYTES = 4 * 1024 * 1024

Parsed = tuple[int, SourceLine | CategoryLine | ArticleLine]


class _NothingWritten(Exception):
    """Carries the outcomes of a dry run out of the transaction that it undoes."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


class Importer:
    """Imports lines for one actor."""

    def __init__(self, runner: Runner, actor: Actor, *, dry_run: bool = False) -> None:
        """Write through a runner; a dry run undoes each batch."""
        self._runner = runner
        self._actor = actor
        self._dry_run = dry_run
        # What a dry run has undone, and later lines may name.
        self._taxonomy: list[Parsed] = []
        self._undone: set[str] = set()

    def run(self, lines: Iterable[bytes]) -> Iterator[list[Outcome]]:
        """Import lines and yield the outcomes of each batch, in the order of lines."""
        for batch in batches(enumerate(lines, 1)):
            yield self.run_batch(batch)

    def run_batch(self, batch: list[tuple[int, bytes]]) -> list[Outcome]:
        """Import numbered lines in one transaction and return their outcomes."""
        parsed: list[Parsed] = []
        outcomes: list[Outcome] = []
        for number, text in batch:
            # A byte order mark, as some editors leave one, is no part of the first line.
            text = text.removeprefix(_BOM) if number == 1 else text  # noqa: PLW2901
            if not text.strip():
                continue
            try:
                parsed.append((number, _parse(text)))
            except (Failure, ValidationError) as wrong:
                outcomes.append(Outcome(number, "refused", _claimed_type(text), wrong=wrong))
        outcomes += self._write(parsed)
        return sorted(outcomes, key=lambda one: one.line)

    def _write(self, parsed: list[Parsed]) -> list[Outcome]:
        if not parsed:
            return []
        try:
            return self._in_one_transaction(parsed)
        except KeyRefused as wrong:
            return [Outcome(number, "refused", line.type, wrong=wrong) for number, line in parsed]
        except ConstraintViolated as wrong:
            # Somebody else keeps being faster at one of these; find out at which.
            if len(parsed) == 1:
                number, line = parsed[0]
                return [Outcome(number, "refused", line.type, wrong=wrong)]
            return [outcome for one in parsed for outcome in self._write([one])]

    def _in_one_transaction(self, parsed: list[Parsed]) -> list[Outcome]:
        if not self._dry_run:
            return self._runner.run(self._actor, lambda unit: _noted(unit, _import(unit, parsed)))
        try:
            self._runner.run(self._actor, lambda unit: self._try(unit, parsed))
        except _NothingWritten as done:
            self._taxonomy += [one for one in parsed if not isinstance(one[1], ArticleLine)]
            created = [one for one in done.outcomes if one.status == "created"]
            self._undone.update(ref for one in created for ref in (one.id, one.slug) if ref)
            return done.outcomes
        raise AssertionError("a dry run ends by its exception")

    def _try(self, unit: UnitOfWork, parsed: list[Parsed]) -> None:
        _import(unit, self._taxonomy)
        raise _NothingWritten(_import(unit, [self._as_if_written(one) for one in parsed]))

    def _as_if_written(self, parsed: Parsed) -> Parsed:
        """Let a line name a story that a real import would have written in an earlier batch."""
        number, line = parsed
        if isinstance(line, ArticleLine) and line.translation_of in self._undone:
            line = line.model_copy(update={"translation_of": None})
        return number, line


def batches(
    lines: Iterable[tuple[int, bytes]],
) -> Iterator[list[tuple[int, bytes]]]:
    """Group numbered lines into batches, limited in number and in bytes."""
    iterator = iter(lines)
    while first := list(islice(iterator, 1)):
        batch, size = first, len(first[0][1])
        while len(batch) < BATCH_LINES and size < _BATCH_BYTES:
            following = next(iterator, None)
            if following is None:
                break
            batch.append(following)
            size += len(following[1])
        yield batch


def _import(unit: UnitOfWork, parsed: list[Parsed]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    articles: list[tuple[int, ArticleLine]] = []
    for number, line in parsed:
        if isinstance(line, ArticleLine):
            articles.append((number, line))
            continue
        # What stands before a source or category may not name it, what stands behind may.
        outcomes += ArticleBatch(unit).run(articles)
        articles = []
        outcomes.append(_taxonomy(unit, number, line))
    return outcomes + ArticleBatch(unit).run(articles)


def _noted(unit: UnitOfWork, outcomes: list[Outcome]) -> list[Outcome]:
    """Note a batch as one deed; what it did to each story stands in that story's revisions."""
    done: Counter[str] = Counter(one.status for one in outcomes)
    if done["created"] or done["updated"]:
        unit.audit("imported", "import", None, None, dict(done))
    return outcomes


def _taxonomy(unit: UnitOfWork, number: int, line: SourceLine | CategoryLine) -> Outcome:
    try:
        if isinstance(line, SourceLine):
            return import_source(unit, number, line)
        return import_category(unit, number, line)
    except Failure as wrong:
        return Outcome(number, "refused", line.type, wrong=wrong)


def _parse(text: bytes) -> SourceLine | CategoryLine | ArticleLine:
    try:
        return LINE.validate_json(text)
    except ValidationError as wrong:
        # No field is to blame: it is not JSON, not an object, or of no known type.
        if any(not one["loc"] for one in wrong.errors()):
            raise InvalidInput(_unreadable(text)) from wrong
        raise


def _unreadable(text: bytes) -> str:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as wrong:
        return f"The line is not JSON: {wrong}."
    if not isinstance(value, dict):
        return "The line is not a JSON object."
    return "A line has a 'type': source, category or article."


def _claimed_type(text: bytes) -> str | None:
    try:
        return type_of(json.loads(text))
    except json.JSONDecodeError:
        return None
