"""Running commands for a request, and with an Idempotency-Key no second time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Response

from app.access.caller import Caller
from app.access.idempotency import LONGEST_KEY, Answer, alone, digest, once
from app.api.http.errors import BadHeader
from app.api.http.json_request import JsonRequest
from app.kit import json
from app.kit.preparing import Prepared
from app.kit.unit import Runner, Unit

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CommandRunner:
    """Runs commands for one request, on behalf of its caller."""

    request: JsonRequest
    runner: Runner
    caller: Caller

    def run(
        self, command: Callable[[Unit], Result], prepared: Prepared[Any] | None = None
    ) -> Result:
        """Run a command in a transaction; `prepared` holds what was computed before it."""
        return self.runner.run(self.caller.actor, command, prepared)

    def run_once(
        self,
        command: Callable[[Unit], Response],
        prepared: Prepared[Any] | None = None,
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
        fingerprint = digest(
            self.request.url.path.encode(),
            json.dumps_sorted(self.request.document),
            headers.get("if-match", "").encode(),
        )
        made: list[Response] = []

        def run(unit: Unit) -> Answer:
            def answered() -> Answer:
                response = command(unit)
                made[:] = [response]
                body = kept(bytes(response.body))
                return Answer(response.status_code, dict(response.headers), body, subject(response))

            made.clear()
            return once(unit, key_id, name, fingerprint, answered)

        with alone(key_id, name):
            answer = self.run(run, prepared)
        if made:
            return made[0]
        replayed = {k: v for k, v in answer.headers.items() if k != "content-length"}
        return Response(answer.body, answer.status, {**replayed, "idempotency-replayed": "true"})


async def _command_runner(request: JsonRequest) -> CommandRunner:
    known = request.scope["state"]
    return CommandRunner(request, request.app.state.services.runner, known["caller"])


Commands = Annotated[CommandRunner, Depends(_command_runner)]
