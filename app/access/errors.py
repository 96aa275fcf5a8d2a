"""Failures of access control."""

from app.kit.errors import Failure


class KeyRequired(Failure):
    """The request needs a key and has none."""

    code = "key_required"


class KeyRefused(Failure):
    """The key is unknown, expired or revoked."""

    code = "key_refused"


class KeyRestricted(KeyRefused):
    """The key is valid, but not for the network or the origin of this request."""

    code = "key_restricted"


class WrongKeyState(Failure):
    """The key is in a state in which the command is not possible."""

    code = "wrong_state"


class Forbidden(Failure):
    """The key is valid, but its scope is too low."""

    code = "forbidden"


class KeyNotFound(Failure):
    """No key has this id or prefix."""

    code = "not_found"


class IdempotencyConflict(Failure):
    """A request with the same Idempotency-Key is still running."""

    code = "idempotency_running"


class IdempotencyMismatch(Failure):
    """The Idempotency-Key was used before with another payload."""

    code = "idempotency_mismatch"


class RightsChanged(Failure):
    """A cursor was issued for other access rights than its reader has now."""

    code = "rights_changed"


class PersonNotFound(Failure):
    """No person, or no session of the person, has this id."""

    code = "not_found"


class SignInFailed(Failure):
    """A sign-in cannot be completed; the person begins again."""

    code = "sign_in_failed"


class SignInUnavailable(Failure):
    """The provider does not answer, or not as it should."""

    code = "sign_in_unavailable"


class RoleRequired(Failure):
    """The provider knows the person, whose roles give no scope here."""

    code = "role_required"
