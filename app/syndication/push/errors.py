"""What push refuses."""

from app.kit.errors import Failure


class WebhookNotFound(Failure):
    """There is no webhook, or no delivery to it, with this id."""

    code = "not_found"


class WebhookChanged(Failure):
    """The webhook is another version by now than the one that was read."""

    code = "version_mismatch"


class WrongWebhookState(Failure):
    """The verb does not apply to a webhook in this state."""

    code = "wrong_state"


class BadHubRequest(Failure):
    """What was sent to the hub is no subscription that it can take."""

    code = "bad_hub_request"


class HubFull(Failure):
    """The hub has as many subscriptions as it may have."""

    code = "hub_full"
