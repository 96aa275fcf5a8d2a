"""POST of the management side: run a command once, answer, and answer again the same."""

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response

from app.access.caller import Caller
from app.access.idempotency import LONGEST_KEY, Answer, alone, digest, once
from app.api.http.errors import BadHeader
from app.bootstrap import Services
from app.kit import json
from app.kit.preparing import Prepared
from app.kit.unit import Unit


def post(
    request: Request,
    services: Services,
    caller: Caller,
    payload: object,
    act: Callable[[Unit], Response],
    *,
    kept: Callable[[bytes], bytes] = bytes,
    subject: Callable[[Response], str | None] = lambda _: None,
    prepared: Prepared[Any] | None = None,
) -> Response:
    """Act in a transaction and answer; with an Idempotency-Key, no second time.

    `kept` turns the body into the form in which it is kept, so that no secret is; `subject` says
    what the answer shows, where it may have to be taken back. `prepared` holds what was computed
    before the transaction.
    """
    name = request.headers.get("idempotency-key")
    if name is None:
        return services.runner.run(caller.actor, act, prepared=prepared)
    if not 0 < len(name) <= LONGEST_KEY or not name.isprintable():
        raise BadHeader(f"Idempotency-Key is a text of 1 to {LONGEST_KEY} characters.")
    assert caller.key_id is not None
    key_id = caller.key_id
    fingerprint = digest(request.url.path.encode(), json.dumps_sorted(payload), _if_match(request))
    made: list[Response] = []

    def run(unit: Unit) -> Answer:
        def answered() -> Answer:
            response = act(unit)
            made[:] = [response]
            body = kept(bytes(response.body))
            return Answer(response.status_code, dict(response.headers), body, subject(response))

        made.clear()
        return once(unit, key_id, name, fingerprint, answered)

    with alone(key_id, name):
        answer = services.runner.run(caller.actor, run, prepared=prepared)
    if made:
        return made[0]
    headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
    return Response(answer.body, answer.status, {**headers, "idempotency-replayed": "true"})


def _if_match(request: Request) -> bytes:
    return request.headers.get("if-match", "").encode()
