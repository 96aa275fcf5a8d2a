"""Tables of access: keys, people, sessions, stored answers, the audit, secrets."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.sql.schema import Base, Instant, key


class ApiKey(Base):
    """An API key; only its hash is stored, which does not reveal 256 random bits.

    The hash of a partner's key contains the id of the partner, and that of a key with networks or
    origins contains that it has them. `rotated_from` is the key that it replaces.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(key(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    prefix: Mapped[str] = mapped_column(key(16), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    embargoed: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    partner_id: Mapped[str | None] = mapped_column(key(36))
    networks: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    origins: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    last_used_from: Mapped[str | None] = mapped_column(String(100))
    rotated_from: Mapped[str | None] = mapped_column(key(36))

    __table_args__ = (Index("ix_api_keys_rotated_from", "rotated_from"),)


class Person(Base):
    """Somebody who signs in: `subject` is their id at the issuer, which is the provider."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(key(36), primary_key=True)
    issuer: Mapped[str] = mapped_column(key(500))
    subject: Mapped[str] = mapped_column(key(255))
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant)
    signed_in_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("issuer", "subject"),)


class Session(Base):
    """A session in a browser, of a person or of a key; only the hash of its token is stored.

    `sign_in_digest` is the hash of the `state` of the sign-in, which counts once.
    """

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(key(36), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    person_id: Mapped[str | None] = mapped_column(
        key(36), ForeignKey("people.id", ondelete="CASCADE")
    )
    key_id: Mapped[str | None] = mapped_column(
        key(36), ForeignKey("api_keys.id", ondelete="CASCADE")
    )
    sign_in_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    address: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_sessions_person_id", "person_id", "id"),
        Index("ix_sessions_key_id", "key_id"),
        Index("ix_sessions_expires_at", "expires_at"),
    )


class StoredAnswer(Base):
    """The first answer to a POST with an Idempotency-Key; `subject` is the id of its object.

    `key_id` is the id of the key or person that sent the request.
    """

    __tablename__ = "kept_answers"

    key_id: Mapped[str] = mapped_column(key(36), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    payload_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime] = mapped_column(Instant)
    subject: Mapped[str | None] = mapped_column(key(36))

    __table_args__ = (
        Index("ix_kept_answers_kept_at", "kept_at"),
        Index("ix_kept_answers_subject", "subject"),
    )


class AuditRow(Base):
    """An entry of the audit log; append-only. `actor_type` is `person`, or None for a key."""

    __tablename__ = "audit"

    id: Mapped[str] = mapped_column(key(36), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor_id: Mapped[str | None] = mapped_column(key(36))
    actor_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(100))
    request_id: Mapped[str | None] = mapped_column(String(100))
    verb: Mapped[str] = mapped_column(String(20))
    type: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str | None] = mapped_column(key(36))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    actor_type: Mapped[str | None] = mapped_column(String(20))

    __table_args__ = (
        Index("ix_audit_at", "at"),
        Index("ix_audit_subject", "subject", "id"),
        Index("ix_audit_actor", "actor_id", "id"),
    )


class Secret(Base):
    """A secret that is used unless one is configured; the first migration generated it."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[str] = mapped_column(String(100))


class RateLimitUse(Base):
    """What all processes have used of the limits of a key, feed token or partner, in thousandths.

    It falls at the rate of the limit since the instant.
    """

    __tablename__ = "rate_limits"
    __table_args__ = {"sqlite_with_rowid": False}

    id: Mapped[str] = mapped_column(key(36), primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(Instant)


class RateLimitProcess(Base):
    """A process that shares limits with others."""

    __tablename__ = "rate_limit_processes"

    id: Mapped[str] = mapped_column(key(36), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Instant)
