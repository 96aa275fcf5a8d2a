"""The closed lists of words in the OpenAPI document, by name."""

from typing import Any

from app.api.http.problems import FIELD_CODES, PROBLEMS

DESCRIPTIONS = {
    "ArticleState": "The state of a story.",
    "AuditSubjectType": "A type of thing that is changed.",
    "AuditVerb": "A kind of change.",
    "BodyFormat": "A format of bodies.",
    "BodyWarningCode": "A kind of removal from a body.",
    "BulkStatus": "Whether a verb was applied.",
    "BulkVerb": "A verb that many stories take at once.",
    "CategoryField": "A member of a category that `fields` keeps.",
    "ChangeOperation": "`upsert` creates or replaces the copy of a document; `remove` deletes it.",
    "ChangeReason": "Why something changed. `left` means: it does not fit the filters any more.",
    "CountMode": "`exact` counts all; `estimated` is faster; `none` does not count.",
    "CountPrecision": "How exact a count is. `at_least` stands for so many or more.",
    "DeliveryState": "What became of a delivery. `dropped` means: it is not needed any more.",
    "DigitalSourceType": "How a text or a picture was made: IPTC's digital source types.",
    "Facet": "What search results are counted by.",
    "FeedFormat": "A format of feeds, as the extension of a path.",
    "FieldProblemCode": "What is wrong with a field or parameter.",
    "HeadlineField": "A member of a headline that `fields` keeps.",
    "HubMode": "What a request to the hub is about.",
    "KeyScope": "What a key may do. From `read` to `admin`, each scope includes those before it; "
    "`webhooks` is for partners.",
    "LimitName": "What a limit counts.",
    "LimitWarningCode": "How much of a limit is used.",
    "LimitWindow": "How long a limit counts before it begins again.",
    "ManagedSort": "An order of the newsroom's articles.",
    "PersonScope": "What a person may do. Each scope includes those before it.",
    "ProblemCode": "What went wrong. `/problems/{code}` explains each.",
    "ProductForm": "`full` for whole stories, `headline` for their short form.",
    "PublicationStatus": "`published` makes the working copy public.",
    "ReadinessStatus": "Whether a process can serve.",
    "RecipientForm": "Whether a partner received the body of a story.",
    "RefreshMode": "Whether a search waits for the index.",
    "RemovalStatus": "Whether the removal of a story has reached a partner.",
    "ReplayState": "The deliveries that are sent again.",
    "RevisionAction": "What made a version of an article.",
    "SearchHitField": "A member of a search result that `fields` keeps.",
    "SearchSort": "An order of search results.",
    "SourceField": "A member of a source that `fields` keeps.",
    "StoryField": "A member of a story that `fields` keeps.",
    "StoryFormat": "A format of single stories, as the extension of a path.",
    "StoryPart": "A part of a story that is left out unless it is asked for.",
    "StorySort": "An order of stories.",
    "SuggestionType": "What a completion is.",
    "TextSegmentOperation": "Which of two texts has a part.",
    "UnpublishAnswer": "What readers get where a story was: `404`, `410` or `301`.",
    "UpdateKind": "`major` sets `updated_at`; `minor` does not.",
    "UsageFormat": "A format of reports about usage.",
    "UsageGroup": "What a row of a report about usage is about.",
    "WebhookEvent": "An event that webhooks receive.",
    "WebhookState": "Whether a webhook receives events. A `disabled` one misses them.",
    "WithdrawalAnswer": "What readers get where a story was.",
}
# Lists that are no types of the models, because upper layers declare them.
_VALUES = {"ProblemCode": PROBLEMS.keys(), "FieldProblemCode": FIELD_CODES.keys()}
# Generators derive names from the values, and ignore a leading minus.
_DESCENDING = "_DESCENDING"


def is_enum(schema: dict[str, Any]) -> bool:
    """Tell whether a schema is a closed list of several words."""
    return "enum" in schema or schema.get("title") in _VALUES


def enum_schema(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Build the component of a closed list, without what depends on its use."""
    values = list(_VALUES.get(name, schema.get("enum", ())))
    component = {
        "title": name,
        "description": DESCRIPTIONS[name],
        "type": "string",
        "enum": values,
    }
    if any(value.startswith("-") for value in values):
        names = [
            value[1:].upper() + _DESCENDING if value.startswith("-") else value.upper()
            for value in values
        ]
        component["x-enum-varnames"] = names
    return component
