"""Errors of products and partners."""

from app.kit.errors import Failure, RateLimited


class AgreementNotFound(Failure):
    """No product, or no partner, has this id or slug."""

    code = "not_found"


class FeedTokenNotFound(Failure):
    """A partner has no feed token with this id."""

    code = "not_found"


class AgreementChanged(Failure):
    """The product or partner was changed since the client read it."""

    code = "version_mismatch"


class AgreementInUse(Failure):
    """The product or partner cannot be deleted or renamed while something needs it."""

    code = "in_use"


class AgreementSlugTaken(Failure):
    """The slug belongs to another product or partner."""

    code = "slug_taken"


class QuotaExceeded(RateLimited):
    """The partner has received as many stories as its quota allows."""

    code = "quota_exceeded"


class UnreadableProduct(Exception):
    """A stored product has a form or a filter that this version does not know."""
