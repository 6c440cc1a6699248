"""
The papers of a ticket are looked up: there are as many as tickets, and each list read all of them.

Revision: 0007_pre_papers_of_ticket.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_pre_papers_of_ticket"
down_revision = "0006_pre_wanted_subjects"
branch_labels = None
depends_on = None


def upgrade() -> None:
    where = sa.text("kind = 'paper'")
    op.create_index("ix_dossiers_about", "dossiers", ["about"], unique=False, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_dossiers_about", "dossiers")
