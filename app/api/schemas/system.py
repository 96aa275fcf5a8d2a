"""Problems, and the state of a process."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.api.schemas.base import ResponseModel

_DATABASE = "answers", "does not answer", "away", "unknown"
_INDEX = "follows", "is behind", "is being built", "cannot be written", "unknown"


class FieldProblem(ResponseModel):
    """What is wrong with one field or parameter."""

    pointer: str = Field(
        description="Where it is: a JSON pointer into the body such as `#/title`, or a parameter "
        "such as `?limit`.",
        examples=["#/title"],
    )
    code: str = Field(
        description="What is wrong, for programs. The list is closed.",
        examples=["required"],
        title="FieldProblemCode",
    )
    detail: str = Field(description="What is wrong, for people.", examples=["Field required."])


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(
        description="The address of a page about the problem.", examples=["/problems/not_found"]
    )
    title: str = Field(
        description="The problem in some words, the same for each code.",
        examples=["Nothing is here"],
    )
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(
        description="What went wrong this time, for people.",
        examples=["No story with this id or slug is public."],
    )
    code: str = Field(
        description="What went wrong, for programs. The list is closed.",
        examples=["not_found"],
        title="ProblemCode",
    )
    request_id: str | None = Field(
        description="The id of the request, as in `X-Request-Id`. Name it when you report the "
        "problem.",
        examples=["01a2027b-d74f-7000-a5a0-1daf8b8e33e2"],
    )
    errors: list[FieldProblem] = Field(
        default=[],
        description="What is wrong with each field or parameter. Absent where there is nothing to "
        "name.",
    )


class ServiceInfo(ResponseModel):
    """What is served here."""

    name: str = Field(description="The name of the software.", examples=["Dateline"])
    version: str = Field(description="The version of the software.", examples=["0.1.0"])
    api_level: str = Field(
        description="The level of the API that this server speaks: the date of the last change of "
        "its contract. It is `info.version` of the OpenAPI document.",
        examples=["2026-11-30"],
    )
    description: str = Field(
        description="What the software is.",
        examples=["Dateline is a headless content API for news."],
    )
    links: dict[str, str] = Field(
        description="The path of each part, by its name.",
        examples=[{"headlines": "/v1/headlines"}],
    )


class Liveness(ResponseModel):
    """Whether the process is alive."""

    status: Literal["alive"] = Field(description="It is.", examples=["alive"])


class Readiness(ResponseModel):
    """Whether the process can serve, and if not, why."""

    status: Annotated[Literal["ready", "not ready"], Field(title="ReadinessStatus")] = Field(
        description="Whether requests should be sent here.", examples=["ready"]
    )
    database: str = Field(
        description=f"The database: {', '.join(f'`{word}`' for word in _DATABASE)}.",
        examples=["answers"],
    )
    migrations: str = Field(
        description="The schema of the database: `current`; `older` or `newer`, which this version "
        "can use as well; `behind`, which it cannot; or `unknown`.",
        examples=["current"],
    )
    index: str = Field(
        description=f"The search index: {', '.join(f'`{word}`' for word in _INDEX)}. Without it, "
        "search answers with less, and everything else works.",
        examples=["follows"],
    )
    writes: bool = Field(description="Whether the database takes writes.", examples=[True])
    detail: str | None = Field(
        description="What is wrong, for people; null where nothing is.", examples=[None]
    )
