"""What all schemas of answers have in common."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Id = Annotated[
    str,
    Field(
        json_schema_extra={"format": "uuid"},
        examples=["0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44"],
    ),
]
# Marks in the schema of a `Selectable`; the document replaces it.
SELECTABLE = "x-selectable"


class ResponseModel(BaseModel):
    """The root of all answers: nothing undocumented may be in them.

    A member whose default is `None` may be absent. Where it is present, it is not null.
    """

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema, in which a member that may be absent is not null."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        for name, member in schema.get("properties", {}).items():
            if "default" in member and member["default"] is None:
                del member["default"]
                (present,) = (form for form in member.pop("anyOf") if form != {"type": "null"})
                schema["properties"][name] = {**present, **member}
        return reference


class Selectable(ResponseModel):
    """An answer of which `fields=` keeps a part.

    In JSON a full answer has every member that is required here. The OpenAPI document requires
    none of them, because an answer to `fields=` has only those that were asked for.
    """

    model_config = ConfigDict(json_schema_extra={SELECTABLE: True})
