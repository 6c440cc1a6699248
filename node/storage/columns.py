"""What every table is made of: the one metadata, and columns that both databases keep alike."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes a rowid alias of INTEGER only; PostgreSQL needs 64 bits.
Big = BigInteger().with_variant(Integer(), "sqlite")


def string(name: str, **more: Any) -> Column[str]:
    """A column of texts, empty unless it is set."""
    return Column(name, String, nullable=False, default="", **more)
