"""Tokens of feeds: generation, verification, and what they grant.

Feed readers and `EventSource` cannot send headers, so their address has a token. It is for one
product of a partner, and is accepted by feeds and the stream only. It is `dlf_` and 43 characters
for 256 random bits, of which the first are the visible prefix. Only a SHA-256 of it is stored.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime

from app.access.caller import Caller
from app.access.entitlement import Entitlement
from app.access.errors import KeyRefused
from app.access.keys import refuse_invalid
from app.access.store import KeyState
from app.kit.sql.database import Database
from app.partners.entitlements import build_entitlement
from app.partners.store.feed_tokens import TOKEN_BY_PREFIX, TOKENS_BY_ID, GrantedTokenRow

_START = "dlf_"
PREFIX_LENGTH = 12


def generate_token() -> str:
    """Return a new random token."""
    return _START + secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """Return the hash of a token, which is stored."""
    return hashlib.sha256(token.encode()).digest()


class FeedTokens:
    """Verifies tokens, each with one statement."""

    def __init__(self, database: Database) -> None:
        """Load them from a database."""
        self._database = database

    def verify(self, token: str, now: datetime) -> Caller:
        """Return the caller of a token; refuse an unknown, expired or revoked one.

        It may read nothing while its partner has no agreement, or does not have the product.
        """
        is_possible = token.startswith(_START) and token.isascii() and token.isprintable()
        prefix = token[:PREFIX_LENGTH]
        rows = self._database.fetch(TOKEN_BY_PREFIX, {"prefix": prefix}) if is_possible else []
        row = rows[0] if rows else None
        stored = row.digest if row else bytes(32)
        if not hmac.compare_digest(stored, hash_token(token)) or row is None:
            raise KeyRefused("This feed token is not known here.")
        refuse_invalid(KeyState(row.prefix, row.revoked_at, row.expires_at), now)
        return _build_caller(row, now)

    def load_all(self, ids: Collection[str], now: datetime) -> dict[str, Caller]:
        """Return the callers of some tokens by id; tokens that are not valid are left out."""
        rows = self._database.fetch(TOKENS_BY_ID, {"values": ids})
        callers = [_build_caller(row, now) for row in rows if row.revoked_at is None]
        return {
            caller.feed_token_id: caller
            for caller in callers
            if caller.feed_token_id is not None and not caller.has_expired(now)
        }

    def resolve_all(self, ids: Collection[str], now: datetime) -> dict[str, Entitlement]:
        """Return the entitlements of some tokens by id; tokens that are not valid are left out."""
        return {id_: caller.entitlement for id_, caller in self.load_all(ids, now).items()}


def _build_caller(row: GrantedTokenRow, now: datetime) -> Caller:
    granted = build_entitlement([row.agreement], now)
    return Caller(
        name="feed token",
        prefix=row.prefix,
        expires_at=row.expires_at,
        entitlement=granted.entitlement,
        entitled_until=granted.until,
        partner_id=row.partner_id,
        limits=granted.limits,
        feed_token_id=row.id,
    )
