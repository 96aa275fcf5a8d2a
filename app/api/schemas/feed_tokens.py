"""Feed tokens."""

from pydantic import Field

from app.api.schemas.base import Id, Instant, ResponseModel
from app.api.schemas.reading import PageInfo

_TOKEN_EXAMPLE = "dlf_Qm9vbVNoYWthTGFrYS1leGFtcGxlLW5vdC1hLWtleQ"  # noqa: S105 - an example


class FeedTokenView(ResponseModel):
    """A token for the feeds and the stream of a product, without the token itself."""

    id: Id = Field(description="The id of the token.")
    product: str = Field(description="The slug of its product.", examples=["africa-fr"])
    prefix: str = Field(
        description="The first characters of the token, as in logs.", examples=["dlf_Qm9vbVNo"]
    )
    created_at: Instant = Field(
        description="When the token was created.", examples=["2026-11-22T09:51:00Z"]
    )
    expires_at: Instant | None = Field(
        description="When the token expires; null if never.", examples=["2027-12-01T00:00:00Z"]
    )
    revoked_at: Instant | None = Field(
        description="When the token was revoked; null if it was not.",
        examples=["2026-12-24T18:00:00Z"],
    )


class NewFeedToken(FeedTokenView):
    """A new feed token."""

    token: str | None = Field(
        description="The token, for the parameter `token` of feeds and the stream. It is shown "
        "once: null where an answer is repeated for the same Idempotency-Key.",
        examples=[_TOKEN_EXAMPLE],
    )
    url: str | None = Field(
        description="The address of the feed of all stories of the product, with the token. It is "
        "shown once, too.",
        examples=[f"https://api.example/feeds/latest.rss?token={_TOKEN_EXAMPLE}"],
    )


class FeedTokenPage(ResponseModel):
    """A page of feed tokens."""

    data: list[FeedTokenView] = Field(description="The tokens of this page, the oldest first.")
    page: PageInfo = Field(description="The position of this page in the list.")
