"""Import NDJSON lines in batches, each in one transaction.

A line matches existing content by id, then by source and external id, then by slug. An unchanged
line writes nothing, so that a file can be imported again. Outcomes are returned after the commit of
their batch.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from pydantic import ValidationError

from app.access.errors import KeyRefused
from app.content.transfer.article_batch import ArticleBatch
from app.content.transfer.lines import (
    LINE,
    ArticleLine,
    CategoryLine,
    LineOutcome,
    SourceLine,
    find_type,
)
from app.content.transfer.taxonomy_lines import import_category, import_source
from app.kit import json
from app.kit.errors import ConstraintViolated, Failure, InvalidInput
from app.kit.sql.unit_of_work import Actor, Runner, UnitOfWork

_BOM = b"\xef\xbb\xbf"
BATCH_LINES = 500
_BATCH_BYTES = 4 * 1024 * 1024

ParsedLine = tuple[int, SourceLine | CategoryLine | ArticleLine]


class _RolledBack(Exception):
    """Carries the outcomes of a dry run out of the transaction that it rolls back."""

    def __init__(self, outcomes: list[LineOutcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


class Importer:
    """Imports lines for one actor."""

    def __init__(self, runner: Runner, actor: Actor, *, dry_run: bool = False) -> None:
        """Write through a runner; a dry run rolls back each batch."""
        self._runner = runner
        self._actor = actor
        self._dry_run = dry_run
        # What a dry run has rolled back, but later lines may refer to.
        self._taxonomy: list[ParsedLine] = []
        self._rolled_back: set[str] = set()

    def run(self, lines: Iterable[bytes]) -> Iterator[list[LineOutcome]]:
        """Import lines and yield the outcomes of each batch, in the order of lines."""
        for batch in group_batches(enumerate(lines, 1)):
            yield self.run_batch(batch)

    def run_batch(self, batch: list[tuple[int, bytes]]) -> list[LineOutcome]:
        """Import numbered lines in one transaction and return their outcomes."""
        parsed: list[ParsedLine] = []
        outcomes: list[LineOutcome] = []
        for number, text in batch:
            # A byte order mark, as some editors write one, is not part of the first line.
            text = text.removeprefix(_BOM) if number == 1 else text  # noqa: PLW2901
            if not text.strip():
                continue
            try:
                parsed.append((number, _parse(text)))
            except (Failure, ValidationError) as wrong:
                outcomes.append(
                    LineOutcome(number, "refused", _find_claimed_type(text), wrong=wrong)
                )
        outcomes += self._write(parsed)
        return sorted(outcomes, key=lambda outcome: outcome.line)

    def _write(self, parsed: list[ParsedLine]) -> list[LineOutcome]:
        if not parsed:
            return []
        try:
            return self._import_in_transaction(parsed)
        except KeyRefused as wrong:
            return [
                LineOutcome(number, "refused", line.type, wrong=wrong) for number, line in parsed
            ]
        except ConstraintViolated as wrong:
            # Concurrent writers keep changing one of these rows; find out which.
            if len(parsed) == 1:
                number, line = parsed[0]
                return [LineOutcome(number, "refused", line.type, wrong=wrong)]
            return [outcome for line in parsed for outcome in self._write([line])]

    def _import_in_transaction(self, parsed: list[ParsedLine]) -> list[LineOutcome]:
        if not self._dry_run:
            return self._runner.run(
                self._actor, lambda unit: _audit_import(unit, _import(unit, parsed))
            )
        try:
            self._runner.run(self._actor, lambda unit: self._import_and_roll_back(unit, parsed))
        except _RolledBack as done:
            self._taxonomy += [line for line in parsed if not isinstance(line[1], ArticleLine)]
            created = [outcome for outcome in done.outcomes if outcome.status == "created"]
            self._rolled_back.update(
                ref for outcome in created for ref in (outcome.id, outcome.slug) if ref
            )
            return done.outcomes
        raise AssertionError("a dry run ends by its exception")

    def _import_and_roll_back(self, unit: UnitOfWork, parsed: list[ParsedLine]) -> None:
        _import(unit, self._taxonomy)
        raise _RolledBack(_import(unit, [self._drop_rolled_back(line) for line in parsed]))

    def _drop_rolled_back(self, parsed: ParsedLine) -> ParsedLine:
        """Remove a reference to a story that a real import would have written before."""
        number, line = parsed
        if isinstance(line, ArticleLine) and line.translation_of in self._rolled_back:
            line = line.model_copy(update={"translation_of": None})
        return number, line


def group_batches(
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


def _import(unit: UnitOfWork, parsed: list[ParsedLine]) -> list[LineOutcome]:
    outcomes: list[LineOutcome] = []
    articles: list[tuple[int, ArticleLine]] = []
    for number, line in parsed:
        if isinstance(line, ArticleLine):
            articles.append((number, line))
            continue
        # Articles before a source or category cannot refer to it, articles after it can.
        outcomes += ArticleBatch(unit).run(articles)
        articles = []
        outcomes.append(_import_taxonomy(unit, number, line))
    return outcomes + ArticleBatch(unit).run(articles)


def _audit_import(unit: UnitOfWork, outcomes: list[LineOutcome]) -> list[LineOutcome]:
    """Write one audit entry for a batch; the revisions of each story have the details."""
    done: Counter[str] = Counter(outcome.status for outcome in outcomes)
    if done["created"] or done["updated"]:
        unit.audit("imported", "import", None, None, dict(done))
    return outcomes


def _import_taxonomy(unit: UnitOfWork, number: int, line: SourceLine | CategoryLine) -> LineOutcome:
    try:
        if isinstance(line, SourceLine):
            return import_source(unit, number, line)
        return import_category(unit, number, line)
    except Failure as wrong:
        return LineOutcome(number, "refused", line.type, wrong=wrong)


def _parse(text: bytes) -> SourceLine | CategoryLine | ArticleLine:
    try:
        return LINE.validate_json(text)
    except ValidationError as wrong:
        # No field is wrong: the line is not JSON, not an object, or of no known type.
        if any(not error["loc"] for error in wrong.errors()):
            raise InvalidInput(_describe_unreadable(text)) from wrong
        raise


def _describe_unreadable(text: bytes) -> str:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as wrong:
        return f"The line is not JSON: {wrong}."
    if not isinstance(value, dict):
        return "The line is not a JSON object."
    return "A line has a 'type': source, category or article."


def _find_claimed_type(text: bytes) -> str | None:
    try:
        return find_type(json.loads(text))
    except json.JSONDecodeError:
        return None
