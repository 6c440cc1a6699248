"""
A superior knows when the certificates of its subordinates end; a subordinate, what came before a later epoch above.

Revision: 0011_pre_certificate_ends.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011_pre_certificate_ends"
down_revision = "0010_pre_forks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.add_column(sa.Column("certificate_ends_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    with op.batch_alter_table("line_epochs", schema=None) as batch_op:
        taken = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        batch_op.add_column(sa.Column("taken", taken, server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("line_epochs", schema=None) as batch_op:
        batch_op.drop_column("taken")
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.drop_column("certificate_ends_at")
