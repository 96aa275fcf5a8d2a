"""Problems, and how a process is."""

from typing import Literal

from pydantic import BaseModel

from app.api.schemas.base import Answer


class FieldProblem(Answer):
    """One thing that is wrong with one field or parameter."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None
    errors: list[FieldProblem] | None = None


class Start(Answer):
    """What is served here; `links` has the path of each part by its name."""

    name: str
    version: str
    description: str
    links: dict[str, str]


class Health(Answer):
    """Whether the process is alive."""

    status: Literal["alive"]


class Ready(Answer):
    """Whether the process can serve, and why not."""

    status: Literal["ready", "not ready"]
    database: str
    migrations: str
    index: str
    writes: bool
    detail: str | None
