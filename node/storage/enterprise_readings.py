"""The thin rows of enterprise files (``enterprises``): what lists and searches ask, without the file."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from node.domain.enterprise.record import Enterprise
from node.storage import schema
from node.storage.statements import upsert_many

_PLAIN = (
    "id", "owner", "subject_type", "credit_code", "division", "area", "size", "industry", "block", "became", "head", "agent",
    "is_park", "is_native_tie",
)  # fmt: skip


def write(connection: Connection, files: Iterable[Enterprise]) -> None:
    """Write the rows of *files*, each folded whole."""
    upsert_many(connection, schema.enterprises, [values(file) for file in files])


def values(file: Enterprise) -> dict[str, Any]:
    """The row of a file."""
    last = max((visit.on for visit in file.visits), default=None)
    plain = {name: getattr(file, name) for name in _PLAIN}
    return plain | {"tags": f",{','.join(file.tags)},", "visited_on": last.isoformat() if last else ""}
