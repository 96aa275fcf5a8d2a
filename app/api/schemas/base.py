"""What all answers have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]


class Answer(BaseModel):
    """The root of all answers: nothing undocumented may be in them."""

    model_config = ConfigDict(extra="forbid")
