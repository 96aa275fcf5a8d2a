"""The base class and column types of models, the same on both databases."""

from datetime import datetime

from sqlalchemy import BigInteger, Dialect, MetaData, String, Table
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from app.kit.clock import EPOCH, MICROSECOND, from_micros


class Base(DeclarativeBase):
    """The base class of models; constraint names are fixed, for use in migrations."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def key(length: int) -> String:
    """Return a text type that is compared and sorted bytewise on both databases."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def table_of(model: type[Base]) -> Table:
    """Return a model's table, for statements that use rows, not objects."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as microseconds since 1970, so both databases sort it alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Convert an instant to microseconds."""
        # `to_micros` inlined: this runs for each statement.
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Convert microseconds to an instant."""
        return None if value is None else from_micros(value)
