"""
How many times a file was asked for: what never comes goes behind what was not asked for as often.

Revision: 0008_pre_times_asked.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008_pre_times_asked"
down_revision = "0007_pre_papers_of_ticket"
branch_labels = None
depends_on = None


def upgrade() -> None:
    count = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("wanted_blobs", sa.Column("times_asked", count, server_default="0", nullable=False))
    op.execute(sa.text("UPDATE wanted_blobs SET times_asked = 1 WHERE is_told"))
    op.drop_column("wanted_blobs", "is_told")


def downgrade() -> None:
    op.add_column("wanted_blobs", sa.Column("is_told", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(sa.text("UPDATE wanted_blobs SET is_told = true WHERE times_asked > 0"))
    op.drop_column("wanted_blobs", "times_asked")
