"""Run commands for a request; with an Idempotency-Key, only once for each key."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Response

from app.access.caller import Caller
from app.access.idempotency import (
    LONGEST_KEY,
    find_first_answer,
    hash_payload,
    lock_idempotency_key,
)
from app.access.store import StoredAnswerRow, store_answer
from app.api.http.errors import BadHeader
from app.api.http.json_request import JsonRequest
from app.kit import json
from app.kit.precomputation import ComputedValues
from app.kit.sql.unit_of_work import Runner, UnitOfWork

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CommandRunner:
    """Runs commands for one request, on behalf of its caller."""

    request: JsonRequest
    runner: Runner
    caller: Caller

    def run(
        self, command: Callable[[UnitOfWork], Result], prepared: ComputedValues[Any] | None = None
    ) -> Result:
        """Run a command in a transaction; `prepared` holds values computed before it began."""
        return self.runner.run(self.caller.actor, command, prepared)

    def run_idempotent(
        self,
        command: Callable[[UnitOfWork], Response],
        prepared: ComputedValues[Any] | None = None,
        *,
        redact: Callable[[bytes], bytes] = bytes,
        subject: Callable[[Response], str | None] = lambda _: None,
    ) -> Response:
        """Run a command that answers; replay the stored answer if the Idempotency-Key repeats.

        `redact` removes secrets from the body that is stored. `subject` returns the id of the
        object in the answer, if its text may have to be erased.
        """
        headers = self.request.headers
        name = headers.get("idempotency-key")
        if name is None:
            return self.run(command, prepared)
        if not 0 < len(name) <= LONGEST_KEY or not name.isprintable():
            raise BadHeader(f"Idempotency-Key is a text of 1 to {LONGEST_KEY} characters.")
        holder_id = self.caller.holder_id
        assert holder_id is not None
        fingerprint = hash_payload(
            self.request.url.path.encode(),
            json.dumps_sorted(self.request.document),
            headers.get("if-match", "").encode(),
        )

        def run_or_replay(unit: UnitOfWork) -> Response:
            first = find_first_answer(unit, holder_id, name, fingerprint)
            if first is not None:
                return _replay(first)
            response = command(unit)
            headers, body = dict(response.headers), redact(bytes(response.body))
            stored = (fingerprint, response.status_code, headers, body)
            store_answer(
                unit.session, StoredAnswerRow(holder_id, name, *stored, unit.now, subject(response))
            )
            return response

        with lock_idempotency_key(holder_id, name):
            return self.run(run_or_replay, prepared)


def _replay(first: StoredAnswerRow) -> Response:
    headers = {**first.headers, "idempotency-replayed": "true"}
    headers.pop("content-length", None)
    return Response(first.body, first.status, headers)


async def _command_runner(request: JsonRequest) -> CommandRunner:
    known = request.scope["state"]
    return CommandRunner(request, request.app.state.services.runner, known["caller"])


Commands = Annotated[CommandRunner, Depends(_command_runner)]
