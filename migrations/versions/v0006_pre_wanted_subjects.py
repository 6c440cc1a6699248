"""
Which files are wanted on whose account: of a ticket as before, or of a letter; each subject of a file counts by itself.

Revision: 0006_pre_wanted_subjects.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006_pre_wanted_subjects"
down_revision = "0005_pre_unit_lists"
branch_labels = None
depends_on = None


# The table is made anew, since its key changes; what stands in it is short.
_FORMER = ("ticket",)
_PRESENT = ("kind", "subject")


def upgrade() -> None:
    rows = _rows("peer, digest, 'ticket' AS kind, ticket AS subject, since, is_told", "true")
    _make_anew(_PRESENT, key=("peer", "digest", *_PRESENT), rows=rows)


def downgrade() -> None:
    # The former table knows tickets only, and one for each file: what is wanted else is asked for again when somebody opens it.
    is_first = (
        "NOT EXISTS (SELECT 1 FROM wanted_blobs AS other WHERE other.peer = wanted_blobs.peer AND other.digest = wanted_blobs.digest"
        " AND other.kind = 'ticket' AND other.subject < wanted_blobs.subject)"
    )
    rows = _rows("peer, digest, subject AS ticket, since, is_told", f"kind = 'ticket' AND {is_first}")
    _make_anew(_FORMER, key=("peer", "digest"), rows=rows)


def _rows(columns: str, where: str) -> list[dict[str, Any]]:
    return [dict(row) for row in op.get_bind().execute(sa.text(f"SELECT {columns} FROM wanted_blobs WHERE {where}")).mappings()]


def _make_anew(subject: Sequence[str], key: Sequence[str], rows: list[dict[str, Any]]) -> None:
    op.drop_table("wanted_blobs")
    table = op.create_table(
        "wanted_blobs",
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), server_default="ticket" if name == "kind" else None, nullable=False) for name in subject),
        sa.Column("since", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_wanted_blobs")),
    )
    # SQLite says 0 and 1 of what is true or not.
    op.bulk_insert(table, [row | {"is_told": bool(row["is_told"])} for row in rows])
