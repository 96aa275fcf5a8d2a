"""Who may use a route: what every route declares."""

from enum import Enum

from app.access.caller import Caller
from app.access.scopes import Scope
from app.bootstrap import Services


class Reads(Enum):
    """What a route lets its callers read, which decides who needs a key.

    `ANYTHING_OPEN` never needs one. `HEADLINES` needs one where the deployment is closed, and
    `STORIES` also where headlines alone are open.
    """

    ANYTHING_OPEN = "open"
    HEADLINES = "headlines"
    STORIES = "stories"

    def allow(self, services: Services, caller: Caller) -> None:
        """Refuse a caller who needs a key with the scope `read` and has none."""
        anonymous = services.settings.anonymous
        if self is Reads.ANYTHING_OPEN or anonymous == "all":
            return
        if anonymous == "none" or self is Reads.STORIES:
            caller.require(Scope.read)


# The scope that a caller needs; or what readers read, of whom the deployment says who needs a key.
Access = Scope | Reads
