"""Running commands for a request, and with an Idempotency-Key no second time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Response

from app.access.caller import Caller
from app.access.idempotency import LONGEST_KEY, find_first_answer, hash_payload, reserve_key
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
        """Run a command in a transaction; `prepared` holds what was computed before it."""
        return self.runner.run(self.caller.actor, command, prepared)

    def run_once(
        self,
        command: Callable[[UnitOfWork], Response],
        prepared: ComputedValues[Any] | None = None,
        *,
        kept: Callable[[bytes], bytes] = bytes,
        subject: Callable[[Response], str | None] = lambda _: None,
    ) -> Response:
        """Run a command that answers; with an Idempotency-Key, once for each key.

        `kept` turns the body into the form in which it is kept, so that no secret is; `subject`
        says what the answer shows, where it may have to be taken back.
        """
        headers = self.request.headers
        name = headers.get("idempotency-key")
        if name is None:
            return self.run(command, prepared)
        if not 0 < len(name) <= LONGEST_KEY or not name.isprintable():
            raise BadHeader(f"Idempotency-Key is a text of 1 to {LONGEST_KEY} characters.")
        assert self.caller.key_id is not None
        key_id = self.caller.key_id
        fingerprint = hash_payload(
            self.request.url.path.encode(),
            json.dumps_sorted(self.request.document),
            headers.get("if-match", "").encode(),
        )

        def answer(unit: UnitOfWork) -> Response:
            first = find_first_answer(unit, key_id, name, fingerprint)
            if first is not None:
                return _replayed(first)
            response = command(unit)
            headers, body = dict(response.headers), kept(bytes(response.body))
            said = (fingerprint, response.status_code, headers, body)
            store_answer(
                unit.session, StoredAnswerRow(key_id, name, *said, unit.now, subject(response))
            )
            return response

        with reserve_key(key_id, name):
            return self.run(answer, prepared)


def _replayed(first: StoredAnswerRow) -> Response:
    headers = {**first.headers, "idempotency-replayed": "true"}
    headers.pop("content-length", None)
    return Response(first.body, first.status, headers)


async def _command_runner(request: JsonRequest) -> CommandRunner:
    known = request.scope["state"]
    return CommandRunner(request, request.app.state.services.runner, known["caller"])


Commands = Annotated[CommandRunner, Depends(_command_runner)]
