"""The minimum that an ASGI application can do: one fixed response to every request.

The response comes from the file that `DATELINE_BENCH_ANSWER` names.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bench.recorded_answer import Answer, load_answer

ANSWER_VARIABLE = "DATELINE_BENCH_ANSWER"

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def build_fixed_application(answer: Answer) -> Application:
    """Return an application with one fixed response."""
    start = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers
        ],
    }
    body = {"type": "http.response.body", "body": answer.body}

    async def application(_scope: Message, _receive: Receive, send: Send) -> None:
        await send(start)
        await send(body)

    return application


def create() -> Application:
    """Build the application from the file that the environment names."""
    return build_fixed_application(load_answer(Path(os.environ[ANSWER_VARIABLE])))
