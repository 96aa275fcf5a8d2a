"""Errors of push."""

from app.kit.errors import Failure


class WebhookNotFound(Failure):
    """No webhook, or no delivery to it, has this id."""

    code = "not_found"


class WebhookChanged(Failure):
    """The webhook has another version than the one that was read."""

    code = "version_mismatch"


class WrongWebhookState(Failure):
    """The command does not apply to a webhook in this state."""

    code = "wrong_state"


class BadHubRequest(Failure):
    """The form sent to the hub is not a valid subscription request."""

    code = "bad_hub_request"


class HubFull(Failure):
    """The hub has reached its number of subscriptions."""

    code = "hub_full"
