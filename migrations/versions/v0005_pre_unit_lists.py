"""
What the lists of a unit read among a million tickets: their indexes have the number in them.

Revision: 0005_pre_unit_lists.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0005_pre_unit_lists"
down_revision = "0004_pre_relayed"
branch_labels = None
depends_on = None

# Columns of each index; of a unit's own what is not empty.
_ALL = (("state", "registered_at"), ("registered_at",))
_FILLED = (("lead",), ("first_contact",))


def upgrade() -> None:
    for columns in (*_ALL, *_FILLED):
        _replace(columns, (*columns, "id"))


def downgrade() -> None:
    for columns in (*_ALL, *_FILLED):
        _replace((*columns, "id"), columns)


def _replace(former: Sequence[str], columns: Sequence[str]) -> None:
    where = sa.text(f"{columns[0]} != ''") if columns[:1] in _FILLED else None
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_index(f"ix_tickets_{'_'.join(former)}")
        batch_op.create_index(f"ix_tickets_{'_'.join(columns)}", list(columns), unique=False, sqlite_where=where, postgresql_where=where)
