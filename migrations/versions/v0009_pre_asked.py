"""
A superior asks its subordinates to compare: since when, and what each named that it knows.

Revision: 0009_pre_asked.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009_pre_asked"
down_revision = "0008_pre_times_asked"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.add_column(sa.Column("features", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("asked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.drop_column("asked_at")
        batch_op.drop_column("features")
