"""Usage, and the quotas of a caller."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.base import Id, Instant, ResponseModel
from app.api.schemas.reading import PageInfo

_DAY = "2026-11-22"
_UNGROUPED = "Null where `group_by` does not name it"


class UsagePartner(ResponseModel):
    """A partner, as it was named in the period; it may be deleted."""

    id: Id = Field(description="The id of the partner.")
    slug: str | None = Field(description="The slug of the partner.", examples=["north-wire"])
    name: str | None = Field(description="The name of the partner.", examples=["North Wire"])


class UsageKeyView(ResponseModel):
    """A key or a feed token."""

    id: Id = Field(description="The id of the key or feed token.")
    prefix: str | None = Field(
        description="The first characters, by which it is known.", examples=["dl_VTKV5LhI"]
    )
    name: str | None = Field(
        description="The name of the key; null for a feed token.", examples=["Web site"]
    )


class UsageView(ResponseModel):
    """The totals of a group."""

    day: str | None = Field(description=f"The day, in UTC. {_UNGROUPED}.", examples=[_DAY])
    partner: UsagePartner | None = Field(
        description=f"The partner. {_UNGROUPED}, and for keys of no partner."
    )
    key: UsageKeyView | None = Field(
        description=f"The key or feed token. {_UNGROUPED}, and for webhooks."
    )
    route: str | None = Field(
        description=f"The path of the route, or `webhook`. {_UNGROUPED}.",
        examples=["/v1/articles/{ref}"],
    )
    story: Id | None = Field(description=f"The id of the story. {_UNGROUPED}.")
    requests: int | None = Field(
        description="How many requests were answered, refusals included; null by story.",
        examples=[4210],
    )
    stories: int = Field(
        description="How many stories counted; by story, for how many partners it counted.",
        examples=[312],
    )
    bytes: int | None = Field(
        description="The bytes of the bodies that were sent; null by story.", examples=[5200381]
    )
    first_day: str | None = Field(
        description="The first day on which the story counted; null where stories are not listed.",
        examples=[_DAY],
    )
    last_day: str | None = Field(
        description="The last day on which the story counted; null where stories are not listed.",
        examples=[_DAY],
    )


class UsagePage(ResponseModel):
    """A page of a report about usage."""

    data: list[UsageView] = Field(description="The rows of this page, in the order of groups.")
    page: PageInfo = Field(description="The position of this page in the list.")


class LimitView(ResponseModel):
    """A limit of the caller, and what is left of it."""

    name: Annotated[
        Literal["stories_per_day", "stories_per_month", "requests_per_minute"],
        Field(title="LimitName"),
    ] = Field(description="The name of the limit.", examples=["stories_per_day"])
    quota: int = Field(description="How much is allowed in a window.", examples=[500])
    window: Annotated[Literal["minute", "day", "month"], Field(title="LimitWindow")] = Field(
        description="The window; days and months are in UTC.", examples=["day"]
    )
    remaining: int = Field(description="How much is left in this window.", examples=[188])
    resets_at: Instant = Field(
        description="When all of it is available again; for requests, if none is sent until then.",
        examples=["2026-11-23T00:00:00Z"],
    )


class LimitWarning(ResponseModel):
    """A warning about a limit of which 80 % or more is used."""

    pointer: str = Field(description="The limit, as an RFC 6901 pointer.", examples=["#/limits/0"])
    code: Annotated[
        Literal["quota_nearly_reached", "quota_reached"], Field(title="LimitWarningCode")
    ] = Field(description="What is the matter, for programs.", examples=["quota_nearly_reached"])
    detail: str = Field(
        description="What is the matter, for people.",
        examples=["450 of 500 stories a day are used."],
    )
