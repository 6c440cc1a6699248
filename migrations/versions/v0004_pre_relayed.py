"""
What goes back over more than one level: entries to be passed on, and for which epoch of each superior that was done.

Revision: 0004_pre_relayed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_pre_relayed"
down_revision = "0003_pre_page_counts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relayed",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("node", "epoch", "seq", "leaf", name=op.f("pk_relayed")),
    )
    with op.batch_alter_table("line_epochs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("given_epoch", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("line_epochs", schema=None) as batch_op:
        batch_op.drop_column("given_epoch")
    op.drop_table("relayed")
