"""
Whose two histories were seen further below: a superior of the node that saw them is told, too.

Revision: 0010_pre_forks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010_pre_forks"
down_revision = "0009_pre_asked"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forks",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("seen_by", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_forks")),
    )


def downgrade() -> None:
    op.drop_table("forks")
