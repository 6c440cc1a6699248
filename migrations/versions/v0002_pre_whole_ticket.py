"""
The whole ticket: dossiers, look-ups, and what the rules of the five mechanisms keep beside the tickets.

Revision: 0002_pre_whole_ticket.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_pre_whole_ticket"
down_revision = "0001_pre_foundation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dossiers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("parties", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("changed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
    )
    with op.batch_alter_table("dossiers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dossiers_kind_key"), ["kind", "key"], unique=False)
        batch_op.create_index(batch_op.f("ix_dossiers_kind_owner_state"), ["kind", "owner", "state"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("dossiers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dossiers_kind_owner_state"))
        batch_op.drop_index(batch_op.f("ix_dossiers_kind_key"))

    op.drop_table("dossiers")
