"""Who may use a route; every route declares it."""

from enum import Enum

from app.access.caller import Caller
from app.access.errors import Forbidden, KeyRequired
from app.access.scopes import Scope
from app.bootstrap import Services


class ReadPolicy(Enum):
    """Whether a public route needs a key, depending on the setting for anonymous access.

    `OPEN` never needs a key. `HEADLINES` needs one if anonymous access is `none`, and `STORIES`
    also if it is `headlines`. If it is a product, no route needs one, and the entitlement decides.
    """

    OPEN = "open"
    HEADLINES = "headlines"
    STORIES = "stories"

    def allow(self, services: Services, caller: Caller) -> None:
        """Raise an error if the caller needs the scope `read` and does not have it."""
        anonymous = services.settings.anonymous
        if self is ReadPolicy.OPEN or (anonymous == "all" and caller.key_id is None):
            return
        # Only feeds and the stream accept a token, and its product decides what may be read.
        if caller.feed_token_id is not None:
            return
        is_closed = anonymous == "none" or (anonymous == "headlines" and self is ReadPolicy.STORIES)
        # A key of a partner may have the scope `webhooks` alone.
        if is_closed or caller.key_id is not None:
            caller.require(Scope.read)


class PartnerPolicy(Enum):
    """What the key of a partner needs for a route of partners."""

    WEBHOOKS = "webhooks"

    def allow(self, _services: Services, caller: Caller) -> None:
        """Raise an error if the caller is not a partner whose key has the scope."""
        if caller.key_id is None:
            raise KeyRequired(f"This needs the key of a partner with the scope {self.value!r}.")
        if caller.partner_id is None or self.value not in caller.scopes:
            raise Forbidden(
                f"This needs the key of a partner with the scope {self.value!r}; the key "
                f"{caller.prefix}… is not one."
            )


class KeyPolicy(Enum):
    """What a route needs that is for every caller with a key, and for no other caller."""

    ANY = "any"

    def allow(self, _services: Services, caller: Caller) -> None:
        """Raise an error if the caller has no key; a session is not one."""
        if caller.key_id is None or caller.session_id is not None:
            raise KeyRequired(
                "This needs a key, sent as 'Authorization: Bearer …' or 'X-Api-Key: …'."
            )


class SessionPolicy(Enum):
    """What a route of sign-in needs: nothing, or a session."""

    OPEN = "open"
    SESSION = "session"

    def allow(self, _services: Services, caller: Caller) -> None:
        """Raise an error if the caller does not have it."""
        if self is SessionPolicy.SESSION and caller.session_id is None:
            raise KeyRequired("This browser has no session. Sign in at /auth/login.")


# The starts of paths that always need a key, and whose answers are never cached; and of sign-in.
MANAGED = ("/v1/manage/", "/v1/me/webhooks", "/v1/me/usage", "/auth/")

# The scope that a caller needs, or the policy of a route.
Access = Scope | ReadPolicy | PartnerPolicy | KeyPolicy | SessionPolicy
