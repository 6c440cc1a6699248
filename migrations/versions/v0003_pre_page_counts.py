"""
What pages count and gather: the calendar by which a clock was counted, an enterprise's tickets, what of the outbox went wrong.

And what links keep: in which epochs superiors are, and which entry opened the custody of a ticket.

Revision: 0003_pre_page_counts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_pre_page_counts"
down_revision = "0002_pre_whole_ticket"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "line_epochs",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_line_epochs")),
    )

    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("calendar", sa.String(), server_default="", nullable=False))

    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opener", sa.String(), server_default="", nullable=False))
        batch_op.create_index(
            "ix_tickets_arrived",
            ["holder"],
            unique=False,
            sqlite_where=sa.text("holder != origin"),
            postgresql_where=sa.text("holder != origin"),
        )
        batch_op.create_index(
            "ix_tickets_credit_code",
            ["credit_code"],
            unique=False,
            sqlite_where=sa.text("credit_code != ''"),
            postgresql_where=sa.text("credit_code != ''"),
        )

    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notices_error",
            ["channel", "created_at"],
            unique=False,
            sqlite_where=sa.text("error != ''"),
            postgresql_where=sa.text("error != ''"),
        )
        batch_op.create_index("ix_notices_channel_state", ["channel", "state"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index("ix_notices_channel_state")
        batch_op.drop_index("ix_notices_error")

    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_index("ix_tickets_credit_code")
        batch_op.drop_index("ix_tickets_arrived")
        batch_op.drop_column("opener")

    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.drop_column("calendar")

    op.drop_table("line_epochs")
